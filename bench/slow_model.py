"""
A model's server in a process of its own, which writes as models do: many small pieces, for as long as it is told.

Run as a program, it is that process: `python -m bench.slow_model THOUGHTS SECONDS` prints its address and serves until
it is killed. THOUGHTS are letters, thought in pieces of four before the answer.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from tests.fake_model import fake_model, says, sends_events

PIECE = 4
LETTERS = 2_000
SENTENCES = (
    "O gradiente encolhe nas redes recorrentes longas até sumir, passo a passo [1]. ",
    "Cada passo multiplica o erro por um fator menor que um, e o começo da frase deixa de contar [2]. ",
    "A LSTM guarda uma célula de memória que soma em vez de multiplicar [3]. ",
)
ANSWER = ("".join(SENTENCES) * 10)[:LETTERS]
THOUGHT = "Preciso pensar bem antes de responder, um passo de cada vez. "
BETWEEN_S = 0.02


async def serve(thoughts: int, seconds: float) -> None:
    text = f"<think>{(THOUGHT * thoughts)[:thoughts]}</think>\n{ANSWER}" if thoughts else ANSWER
    events = [_event({"content": text[at : at + PIECE]}) for at in range(0, len(text), PIECE)]

    async def behave(writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        if not request.get("stream"):
            await says(SENTENCES[0])(writer, request)
            return
        await sends_events()(writer, request)
        loop = asyncio.get_running_loop()
        began_s, sent = loop.time(), 0
        while sent < len(events):
            await asyncio.sleep(BETWEEN_S)
            due = min(len(events), int(len(events) * (loop.time() - began_s) / seconds) + 1)
            writer.write(b"".join(events[sent:due]))
            await writer.drain()
            sent = due
        writer.write(_event({}, finish="stop") + b"data: [DONE]\n\n")
        await writer.drain()

    async with fake_model(behave) as model:
        print(model.base_url, flush=True)
        await asyncio.Event().wait()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    event = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "model": "fake"}
    return f"data: {json.dumps(event)}\n\n".encode()


@asynccontextmanager
async def slow_model(*, thoughts: int, seconds: float) -> AsyncGenerator[str, None]:
    """Yield the address of a model that writes for *seconds*, as many letters of *thoughts* included."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.slow_model", str(thoughts), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
