"""
Lay rows out as PostgreSQL's binary COPY reads them, thousands at a time.

Adapting vectors value by value costs most of an ingest's time; numpy writes a lecture's at once. Formats:
https://www.postgresql.org/docs/current/sql-copy.html (binary format), and pgvector's `halfvec_recv` and
`sparsevec_recv`.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
_THREE_IDS = struct.Struct("!hiqiqiqi")  # 4 fields; three of 8 bytes, and the length of the fourth
_SPARSE = struct.Struct("!iii")  # dimension, entries, unused


def sparse_rows(rows: Iterable[tuple[int, int, int, Mapping[int, float]]], dimension: int) -> bytes:
    """Return COPY data of rows (bigint, bigint, bigint, sparsevec)."""
    parts = [HEADER]
    for first, second, third, weights in rows:
        indices = np.fromiter(weights.keys(), np.int32, len(weights))
        values = np.fromiter(weights.values(), np.float32, len(weights))
        order = np.argsort(indices)
        parts += (
            _THREE_IDS.pack(4, 8, first, 8, second, 8, third, _SPARSE.size + 8 * len(weights)),
            _SPARSE.pack(dimension, len(weights), 0),
            indices[order].astype(">i4").tobytes(),
            values[order].astype(">f4").tobytes(),
        )
    return b"".join((*parts, TRAILER))


def halfvec_rows(keys: NDArray[np.int64], pieces: Sequence[int], vectors: NDArray[np.float32]) -> bytes:
    """
    Return COPY data of rows (four bigints, smallint, halfvec).

    *keys* has the shape (n, 4), *vectors* (n, dimension); *pieces* are the n smallints.
    """
    count, dimension = vectors.shape
    layout = np.dtype(
        [
            ("fields", ">i2"),
            ("keys", [("length", ">i4"), ("value", ">i8")], 4),
            ("piece_length", ">i4"),
            ("piece", ">i2"),
            ("vector_length", ">i4"),
            ("dimension", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", dimension),
        ]
    )
    rows = np.zeros(count, layout)
    rows["fields"] = 6
    rows["keys"]["length"] = 8
    rows["keys"]["value"] = keys
    rows["piece_length"] = 2
    rows["piece"] = pieces
    rows["vector_length"] = 4 + 2 * dimension
    rows["dimension"] = dimension
    rows["vector"] = vectors
    return HEADER + rows.tobytes() + TRAILER
