"""A language model that writes about what it is given, also formulas, slowly enough to be cut off in the middle."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from zlib import crc32

from services.models.llm import LlmConfig
from tests.bot.discord.plays.play import TOPICS
from tests.fake_model import Request, fake_model, says

QUESTION = re.compile(r"<question (\S+)>\n(.*?)\n</question \1>", re.DOTALL)
PASSAGE = re.compile(r"^\[(\d+)\][^\n]*\n([^\n]*)", re.MULTILINE)
PAUSE_S = 0.003


@asynccontextmanager
async def speaking() -> AsyncGenerator[LlmConfig, None]:
    """Serve such a model."""
    async with fake_model(_speaks) as model:
        yield LlmConfig(model="fake", base_url=model.base_url)


async def _speaks(writer: asyncio.StreamWriter, request: Request) -> None:
    prompt = "\n".join(str(message["content"]) for message in request["messages"])
    found = QUESTION.findall(prompt)
    asked = found[-1][1].strip() if found else ""
    if not request.get("stream"):
        await says(asked)(writer, request)  # it stands alone already
        return
    await says(_answer(asked, prompt), pause_s=PAUSE_S)(writer, request)


def _answer(asked: str, prompt: str) -> str:
    """Say what the first passage says of the question's subject, in words that stand nowhere else."""
    topic = next((topic for topic in TOPICS if topic in asked), "")
    for number, text in PASSAGE.findall(prompt):
        if idea := re.search(rf"{topic} guarda a ideia (\S+)", text) if topic else None:
            formula = f" Na lousa: \\[\\frac{{{idea[1]}}}{{2}}\\] [{number}]." if crc32(idea[1].encode()) % 2 else ""
            return (
                f"O {topic} guarda a ideia {idea[1]} desta parte da aula [{number}]. "
                f"É por isso que a ideia {idea[1]} volta em toda parte da aula [{number}].{formula}"
            )
    return "NO_MATERIAL"
