import asyncio
import gc
import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from services.models.embedder import EmbedderUnavailable
from services.models.embedder import batching as queue
from services.models.embedder.batching import EncodingQueue
from services.models.embedder.protocol import Vectors


class Encoder:
    """Encodes by a text's checksum, writes down each batch, and can be stopped or broken."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: BaseException | None = None
        self.missing = 0
        self.started = asyncio.Event()

    async def questions(self, texts: Sequence[str]) -> Vectors:
        return await self._encode("questions", texts)

    async def passages(self, texts: Sequence[str]) -> Vectors:
        return await self._encode("passages", texts)

    async def _encode(self, kind: str, texts: Sequence[str]) -> Vectors:
        self.batches.append((kind, list(texts)))
        self.started.set()
        await self.open.wait()
        if self.error:
            raise self.error
        return np.array([place(text) for text in texts[self.missing :]], np.float32).reshape(-1, 2)

    @property
    def asked(self) -> list[str]:
        return [text for _, texts in self.batches for text in texts]


def place(text: str) -> tuple[float, float]:
    angle = zlib.crc32(text.encode()) / 2**32
    return float(np.cos(angle)), float(np.sin(angle))


def encoding() -> tuple[EncodingQueue, Encoder]:
    encoder = Encoder()
    return EncodingQueue(encoder.questions, encoder.passages), encoder


async def in_flight(encoder: Encoder) -> None:
    await asyncio.wait_for(encoder.started.wait(), 60)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_waiting_questions_go_together_up_to_a_full_batch() -> None:
    line, encoder = encoding()

    vectors = await asyncio.gather(*(line.question(f"pergunta {number}") for number in range(40)))

    assert [(kind, len(texts)) for kind, texts in encoder.batches] == [("questions", 32), ("questions", 8)]
    np.testing.assert_allclose(vectors, [place(f"pergunta {number}") for number in range(40)], rtol=1e-6)


async def test_a_question_does_not_wait_for_a_long_list_of_passages() -> None:
    line, encoder = encoding()
    encoder.open.clear()
    lectures = [asyncio.create_task(line.passages([f"trecho {n}" for n in range(40)])) for _ in range(3)]
    await in_flight(encoder)
    question = asyncio.create_task(line.question("pergunta"))
    await settled()

    encoder.open.set()
    await asyncio.gather(question, *lectures)

    assert [kind for kind, _ in encoder.batches][:3] == ["passages", "questions", "passages"]


async def test_a_question_is_encoded_once_and_its_vector_cannot_be_changed() -> None:
    line, encoder = encoding()

    first = await line.question("o que é gradiente?")
    again = await line.question("o que é gradiente?")

    assert encoder.asked == ["o que é gradiente?"]
    np.testing.assert_array_equal(first, again)
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 0


async def test_white_space_and_composition_make_no_difference() -> None:
    line, encoder = encoding()

    await line.question("  derivação\n do  erro ")
    await line.question(unicodedata.normalize("NFD", "derivação do erro"))

    assert encoder.asked == ["derivação do erro"]


@pytest.mark.parametrize("asked_later", [False, True], ids=["while it waits", "while it is being encoded"])
async def test_the_same_question_twice_at_once_is_encoded_once(asked_later: bool) -> None:
    line, encoder = encoding()
    encoder.open.clear()
    first = asyncio.create_task(line.question("igual"))
    if asked_later:
        await in_flight(encoder)
    second = asyncio.create_task(line.question("igual"))
    await settled()

    encoder.open.set()
    vectors = await asyncio.gather(first, second)

    assert encoder.asked == ["igual"]
    np.testing.assert_array_equal(vectors[0], vectors[1])


@pytest.mark.parametrize("running", [False, True], ids=["while it waits", "while it is being encoded"])
async def test_who_gives_up_does_not_take_the_vector_from_others(running: bool) -> None:
    line, encoder = encoding()
    encoder.open.clear()
    hurried = asyncio.create_task(line.question("igual"))
    patient = asyncio.create_task(line.question("igual"))
    if running:
        await in_flight(encoder)
    else:
        await asyncio.sleep(0)

    hurried.cancel()
    encoder.open.set()

    np.testing.assert_allclose(await asyncio.wait_for(patient, 60), place("igual"), rtol=1e-6)
    assert hurried.cancelled()


async def test_passages_keep_their_order_over_several_batches() -> None:
    line, encoder = encoding()
    texts = [f"trecho {number}" for number in range(21)]

    vectors, others = await asyncio.gather(line.passages(texts), line.passages(texts[::-1]))

    assert max(len(batch) for _, batch in encoder.batches) == queue.PASSAGES_AT_ONCE
    np.testing.assert_allclose(vectors, [place(text) for text in texts], rtol=1e-6)
    np.testing.assert_allclose(others, vectors[::-1], rtol=1e-6)


@pytest.mark.parametrize("running", [False, True], ids=["waiting", "running"])
async def test_passages_that_nobody_wants_any_more_do_not_stop_the_queue(running: bool) -> None:
    line, encoder = encoding()
    encoder.open.clear()
    first = None if running else asyncio.create_task(line.question("antes"))
    if first:
        await in_flight(encoder)
    unwanted = asyncio.create_task(line.passages(["indesejado"] * 30))
    await settled()

    unwanted.cancel()
    await settled()
    encoder.open.set()

    np.testing.assert_allclose(await asyncio.wait_for(line.passages(["x"]), 60), [place("x")], rtol=1e-6)
    assert encoder.asked.count("indesejado") == (8 if running else 0)
    if first:
        await first


@pytest.mark.parametrize("kind", ["questions", "passages"])
async def test_an_error_reaches_all_who_waited_and_the_queue_goes_on(kind: str) -> None:
    line, encoder = encoding()
    encoder.error = RuntimeError("fora do ar")

    def ask(text: str) -> asyncio.Task[Vectors]:
        return asyncio.create_task(line.question(text) if kind == "questions" else line.passages([text]))

    outcomes = await asyncio.wait_for(asyncio.gather(*map(ask, "abc"), return_exceptions=True), 60)
    encoder.error = None
    after = await asyncio.wait_for(ask("a"), 60)

    assert [str(outcome) for outcome in outcomes] == ["fora do ar"] * 3
    np.testing.assert_allclose(after.reshape(2), place("a"), rtol=1e-6)


async def test_an_error_that_nobody_waits_for_is_not_reported_by_asyncio() -> None:
    line, encoder = encoding()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    encoder.open.clear()
    encoder.error = RuntimeError("fora do ar")
    gone = asyncio.create_task(line.question("a"))
    await in_flight(encoder)

    gone.cancel()
    encoder.open.set()
    await asyncio.gather(gone, return_exceptions=True)
    await line.close()
    del line, gone
    gc.collect()

    assert reported == []


@pytest.mark.parametrize("kind", ["questions", "passages"])
async def test_a_vector_short_is_an_error_for_all_and_the_queue_goes_on(kind: str) -> None:
    line, encoder = encoding()
    encoder.missing = 1

    with pytest.raises(EmbedderUnavailable, match="0 vectors for 1 texts"):
        await asyncio.wait_for(line.question("a") if kind == "questions" else line.passages(["a"]), 60)
    encoder.missing = 0

    await asyncio.wait_for(line.question("a"), 60)


@pytest.mark.parametrize("kind", ["questions", "passages"])
async def test_work_that_is_cancelled_below_leaves_nobody_waiting(kind: str) -> None:
    line, encoder = encoding()
    encoder.error = asyncio.CancelledError()  # what a thread pool gives that is shut down
    encoder.open.clear()
    first = asyncio.create_task(line.question("b") if kind == "questions" else line.passages(["b"]))
    await in_flight(encoder)
    second = asyncio.create_task(line.passages(["c"]))
    await settled()
    encoder.open.set()
    outcomes = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), 60)
    assert [type(outcome) for outcome in outcomes] == [EmbedderUnavailable] * 2
    encoder.error = None

    np.testing.assert_allclose(await asyncio.wait_for(line.question("a"), 60), place("a"), rtol=1e-6)


async def test_closing_finishes_what_runs_and_refuses_what_waits() -> None:
    line, encoder = encoding()
    encoder.open.clear()
    running = asyncio.create_task(line.question("corre"))
    await in_flight(encoder)
    waiting = [asyncio.create_task(line.question("espera")), asyncio.create_task(line.passages(["espera"]))]
    await settled()

    closing = asyncio.create_task(line.close())
    await settled()
    encoder.open.set()
    await asyncio.wait_for(closing, 60)

    np.testing.assert_allclose(await running, place("corre"), rtol=1e-6)
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)
    assert [type(outcome) for outcome in outcomes] == [EmbedderUnavailable] * 2


async def test_closing_that_is_cut_short_leaves_nobody_waiting() -> None:
    line, encoder = encoding()
    encoder.open.clear()
    asked = [asyncio.create_task(line.question("corre"))]
    await in_flight(encoder)
    asked += [asyncio.create_task(line.question("espera")), asyncio.create_task(line.passages(["espera"]))]
    await settled()

    closing = asyncio.create_task(line.close())
    await settled()
    closing.cancel()

    outcomes = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 60)
    assert [type(outcome) for outcome in outcomes] == [EmbedderUnavailable] * 3


async def test_a_closed_queue_refuses_everything_again_and_again() -> None:
    line, _ = encoding()
    await line.question("lembrada")
    await line.close()
    await line.close()

    for _ in range(2):
        for asked in (line.question("lembrada"), line.question("nova"), line.passages(["nova"])):
            with pytest.raises(EmbedderUnavailable, match="closed"):
                await asyncio.wait_for(asked, 60)


async def test_more_questions_than_anybody_waits_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_QUESTIONS_WAITING", 2)
    line, encoder = encoding()
    encoder.open.clear()
    asked = [asyncio.create_task(line.question("corre"))]
    await in_flight(encoder)
    asked += [asyncio.create_task(line.question(text)) for text in "ab"]
    await settled()

    with pytest.raises(EmbedderUnavailable, match="busy"):
        await asyncio.wait_for(line.question("c"), 60)
    asked.append(asyncio.create_task(line.question("a")))  # known to be waiting: costs nothing
    await settled()
    encoder.open.set()

    assert len(await asyncio.wait_for(asyncio.gather(*asked), 60)) == 4


async def test_the_oldest_questions_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "REMEMBERED_QUESTIONS", 3)
    line, encoder = encoding()

    for text in "abcad":  # "a" is asked again, so "b" is the oldest when "d" comes
        await line.question(text)
    for text in "acdb":
        await line.question(text)

    assert encoder.asked == list("abcdb")
    remembered: dict[str, Vectors] = vars(line)["_remembered"]
    assert len(remembered) == 3
    assert all(vector.base is None for vector in remembered.values())
