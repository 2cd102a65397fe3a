"""A course with three short lectures, what is said in them, and models that answer from them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.rows import scalar_row
from psycopg_pool import AsyncConnectionPool

from db.records import Course
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.asked_before import Finder
from services.answering.replies import Reply
from services.lectures.manifest import Source
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from services.search.retrieve import Retriever
from tests.fake_model import Behaviour, FakeModel, fake_model, replies

RECURRENT = [
    "Hoje o assunto são as redes recorrentes.",
    "Numa rede recorrente o gradiente passa pela mesma matriz a cada passo.",
    "Por isso o gradiente encolhe até sumir nas redes recorrentes longas.",
    "Quando ele desaparece, a rede esquece o começo da frase.",
    "A LSTM guarda uma célula de memória que soma em vez de multiplicar.",
]


DROPOUT = [
    "Agora vamos falar de regularização.",
    "O dropout desliga neurônios ao acaso durante o treino.",
    "Na hora do teste o dropout fica desligado e todos os neurônios contam.",
    "O vetor de pesos é w [1] e o de vieses é b [2], está no quadro.",
]


ATTENTION = [
    "Welcome back, today is about attention.",
    "We divide the attention scores by the square root of the dimension,",
    "because large dot products would saturate the softmax.",
]


WORD_OF_PROOF = "O gradiente encolhe até sumir nas redes recorrentes longas [1]."


QUESTION = "Por que o gradiente encolhe em redes recorrentes longas?"


@dataclass
class Room:
    """A course with three short lectures, and everything needed to ask about them."""

    pool: AsyncConnectionPool
    course: Course
    retriever: Retriever
    folder: Path

    def asker(
        self,
        model: ChatModel | None = None,
        *,
        limit_s: float = 5.0,
        is_judged: bool = False,
        finder: Finder | None = None,
    ) -> Asker:
        return Asker(
            self.pool,
            self.retriever,
            model,
            finder=finder,
            is_judged=is_judged,
            time_limit=timedelta(seconds=limit_s),
        )

    def asked(self, text: str = QUESTION, **more: Any) -> Asked:
        return Asked(course=self.course, text=text, source="test", **more)

    async def count(self, table: str) -> int:
        return len(await self.column("course_id", table))

    async def column(self, name: str, table: str) -> list[object]:
        query = sql.SQL("select {} from {} order by xmin::text::bigint, cmin::text::bigint").format(
            sql.Identifier(name), sql.Identifier(table)
        )
        async with self.pool.connection() as conn, conn.cursor(row_factory=scalar_row) as cur:
            return await (await cur.execute(query)).fetchall()


@asynccontextmanager
async def no_model(_: object) -> AsyncGenerator[None, None]:
    yield None


def captioned(folder: Path, slug: str, language: str, cues: Sequence[str]) -> Source:
    path = folder / f"{slug}.srt"
    blocks = (f"{i}\n00:{i:02}:00,000 --> 00:{i:02}:30,000\n{cue}\n" for i, cue in enumerate(cues))
    path.write_text("\n".join(blocks))
    return Source(slug=slug, path=path, title=f"Aula {slug}", language=language, video_url=f"https://youtu.be/{slug}")


@asynccontextmanager
async def model_that(*behaviours: Behaviour) -> AsyncGenerator[tuple[ChatModel, FakeModel], None]:
    async with (
        fake_model(*behaviours) as server,
        ChatModel(LlmConfig(base_url=server.base_url, model="fake")) as model,
    ):
        yield model, server


async def answered(asker: Asker, asked: Asked) -> tuple[list[str], Reply]:
    drafts: list[str] = []
    async with aclosing(asker.ask(asked)) as parts:
        async for part in parts:
            if isinstance(part, Reply):
                return drafts, part
            if part.text:
                drafts.append(part.text)
    raise AssertionError("no reply")


def only(behaviour: str) -> Behaviour:
    """Translate a question into nothing, and answer with *behaviour*."""
    return replies(lambda prompt: "" if "The lines for" in prompt else behaviour)
