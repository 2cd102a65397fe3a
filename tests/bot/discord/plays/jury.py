"""Two models that judge: each says the same of the same answer whenever it is asked, and either may fall ill."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from zlib import crc32

from services.judging import seconding
from services.judging.worker import Worker, WorkerPace
from services.models.llm import LlmConfig
from services.wiring import Services
from tests.fake_model import Behaviour, Request, fake_model, says, sends_json

FIRST, SECOND = "juiz", "revisor"
SCORES = (3, 3, 3, 2, 2, 2, 1, 0)
"""What the first judge gives, by chance; the second one mostly gives the same."""
PACE = WorkerPace(
    slots=1,
    lease=timedelta(seconds=5),
    poll_s=0.05,
    first_gap=timedelta(milliseconds=20),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(milliseconds=200),
)
BLOCK = r"<{name} (\S+)>\n(.*?)\n</{name} \1>"
PASSAGE = re.compile(r"^Reference (\d+)\nClaim: .*?\nPassage: ([^\n]*)", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"\w+")
QUOTED = 6
"""Words of a passage that the judge quotes."""


@dataclass
class Jury:
    """Where both are, and what they suffer from."""

    base_url: str = ""
    ails: dict[str, str] = field(default_factory=dict[str, str])  # by model
    has_ailed: bool = False

    def fall_ill(self, model: str, ailment: str) -> None:
        self.ails[model] = ailment
        self.has_ailed = True

    def config(self, model: str) -> LlmConfig:
        return LlmConfig(model=model, base_url=self.base_url)

    async def behave(self, writer: asyncio.StreamWriter, request: Request) -> None:
        ailment = self.ails.get(request["model"])
        await (AILMENTS[ailment] if ailment else says(_verdict(request)))(writer, request)


@asynccontextmanager
async def jury() -> AsyncGenerator[Jury, None]:
    """Serve both."""
    judges = Jury()
    async with fake_model(judges.behave) as server:
        judges.base_url = server.base_url
        yield judges


def workers(services: Services) -> list[Worker]:
    """Return who works for both, as `monitoria run` does, though more hastily."""
    return [
        *([Worker(services.pool, services.worker.judge, pace=PACE)] if services.worker else []),
        *(
            [Worker(services.pool, services.second_worker.judge, queue=seconding.QUEUE, pace=PACE)]
            if services.second_worker
            else []
        ),
    ]


def score(model: str, answer: str) -> int:
    """What *model* gives an answer, by its words."""
    words = " ".join(WORD.findall(answer))
    first = SCORES[crc32(words.encode()) % len(SCORES)]
    chance = crc32(f"{SECOND} {words}".encode())
    return first if model == FIRST or chance % 2 else chance // 2 % 4


async def _hangs_up(writer: asyncio.StreamWriter, _: Request) -> None:
    writer.close()


AILMENTS: dict[str, Behaviour] = {
    "key": sends_json({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, status=401),
    "fault": sends_json({"error": {"message": "no"}}, status=500),
    "nonsense": says("Nota: talvez 2, talvez 3."),
    "hangs up": _hangs_up,
}


def _verdict(request: Request) -> str:
    """Say what is asked, with the words of the question and the answer: whoever deletes them deletes these too."""
    prompt = "\n".join(str(message["content"]) for message in request["messages"])
    question, answer, passages = (_block(prompt, name) for name in ("question", "answer", "passages"))
    because = {"criteria": f"Para: {question}", "supporting_evidence": f"Diz: {answer[:100]}"}
    match request["response_format"]["json_schema"]["name"]:
        case "support":
            found = PASSAGE.findall(_block(prompt, "references"))
            quotes = [(int(number), " ".join(text.split()[:QUOTED])) for number, text in found]
            rows = [{"number": number, "quote": quote, "support": "full"} for number, quote in quotes]
            return json.dumps({"references": rows})
        case "abstention":
            return json.dumps({**because, "answerable": bool(crc32(question.encode()) % 2)})
        case "context":
            return json.dumps({**because, "score": crc32(passages.encode()) % 4})
        case _:
            return json.dumps({**because, "score": score(request["model"], answer)})


def _block(prompt: str, name: str) -> str:
    found = re.findall(BLOCK.format(name=name), prompt, re.DOTALL)
    return found[-1][1] if found else ""
