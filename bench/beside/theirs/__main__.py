"""
One peer's store in a process of its own, asked by JSON lines: `python theirs langchain|llama URL FOLDER`.

It runs in the peers' virtual environment and knows nothing of Monitoria. Each peer is set up twice: as its
documentation shows it, and tuned as far as the package offers it. What is asked: docs/benchmarks.md.
"""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import Data, Store


async def rate(store: Store, setup: str, way: str, numbers: Sequence[int], at_once: int) -> float:
    """Return questions a second when *at_once* ask."""
    left = iter(numbers)

    async def one_asker() -> None:
        for number in left:
            await store.ask(setup, way, number)

    began = time.perf_counter()
    await asyncio.gather(*(one_asker() for _ in range(at_once)))
    return len(numbers) / (time.perf_counter() - began)


async def answer(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    match request.pop("do"):
        case "fill":
            return await store.fill(**request)
        case "ask":
            began = time.perf_counter()
            found = await store.ask(**request)
            return {"ms": (time.perf_counter() - began) * 1000, "found": found}
        case "rate":
            return {"per_s": await rate(store, **request)}
        case unknown:
            raise ValueError(unknown)


async def main(peer: str, url: str, folder: str) -> None:
    store: Store = importlib.import_module(f"of_{peer}").Here(url, Data(Path(folder)))
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(await answer(store, json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
