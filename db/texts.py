"""Take out of every text what PostgreSQL refuses, on its way there: the last border, where all texts come by."""

import json
import re

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.types.json import set_json_dumps
from psycopg.types.string import StrBinaryDumper, StrDumper, StrDumperUnknown

REFUSED = re.compile("[\0\ud800-\udfff]")
REFUSED_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def storable(text: str) -> str:
    r"""
    Return *text* without NUL and lone surrogates, which PostgreSQL and UTF-8 refuse.

    >>> storable("a\0b\ud83e")
    'ab'
    """
    return REFUSED.sub("", text)


def guard(conn: AsyncConnection) -> None:
    """
    Let *conn* send only texts that can be stored.

    A text that somebody else wrote, and that a caller has not cleaned, then costs a character that nobody sees, where
    it would have ended a job, a worker or an import.
    """
    for dumper in (_Binary, _Text, _Unknown):  # the last one is what a plain parameter gets
        conn.adapters.register_dumper(str, dumper)
    set_json_dumps(_json, context=conn)


class _Binary(StrBinaryDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(storable(obj))


class _Text(StrDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(storable(obj))


class _Unknown(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(storable(obj))


def _json(value: object) -> str:
    # An escaped backslash before `u0000` is a backslash and the letters: that may stay.
    return storable(REFUSED_IN_JSON.sub(r"\1", json.dumps(value, ensure_ascii=False)))
