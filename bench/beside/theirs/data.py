"""What every peer's store is given, and what all of them do alike."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np
import psycopg

K = 10
REACH = 50  # of each leg, where it can be chosen
EF_SEARCH = 200
TUNED_POOL = 4  # on two cores
RRF = 60
SERVER = {"hnsw.iterative_scan": "strict_order", "hnsw.max_scan_tuples": "20000", "timezone": "UTC"}


class Data:
    """What the asking process wrote: texts and vectors of segments, and of questions."""

    def __init__(self, folder: Path) -> None:
        self.vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self.courses = np.load(folder / "courses.npy")
        self.which = np.load(folder / "which.npy")
        self.texts = json.loads((folder / "texts.json").read_text("utf-8"))
        self.asked = np.load(folder / "asked.npy")
        self.questions = json.loads((folder / "questions.json").read_text("utf-8"))
        self.text_config = (folder / "text_config").read_text("utf-8").strip()
        self.dimension = self.vectors.shape[1]
        self.size = len(self.courses)

    def text(self, number: int) -> str:
        return self.texts[int(self.which[number])]


class Store(Protocol):
    async def fill(self, first: int) -> dict[str, float]:
        """Write the data, *first* rows by the package's own call, the others by COPY; build all indexes."""
        ...

    async def ask(self, setup: str, way: str, number: int) -> list[int]:
        """Return the numbers of the segments found for a question, best first."""
        ...


def address(url: str, driver: str) -> str:
    """Return the address of the server as SQLAlchemy writes it; the server listens on a socket in a folder."""
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    port = parse_qs(parts.query)["port"][0]
    return f"postgresql+{driver}://{parts.username}@{parts.path}?host={host}&port={port}"


def rrf(rankings: Sequence[Sequence[int]]) -> list[int]:
    shares: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking):
            shares[number] = shares.get(number, 0.0) + 1 / (RRF + rank)
    return sorted(shares, key=lambda number: -shares[number])[:K]


def statements(url: str, *sql: str) -> None:
    """Run *sql* with memory enough to build an index in."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set maintenance_work_mem = '3GB'")
        for statement in sql:
            conn.execute(statement)
