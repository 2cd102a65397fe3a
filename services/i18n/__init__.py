"""Say things in the reader's language; the texts are in `locales/`."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from db.records import Language
from services.errors import Broken


def text(key: str, language: Language, **fields: object) -> str:
    """
    Return the text *key* in *language*, its `{fields}` filled in.

    >>> text("question.too_long", "en", length=1600, limit=1500)[:38]
    'The question has 1600 characters and t'
    """
    try:
        return catalogue(language)[key].format_map(fields)
    except KeyError as error:
        raise Broken(f"The text {key!r} in {language!r} lacks {error}; correct its file or its caller.") from error


def spoken(code: str, otherwise: Language) -> Language:
    """
    Return the language of ours for a two-letter *code*, or *otherwise* where it is none.

    >>> spoken("pt", otherwise="en"), spoken("es", otherwise="pt-BR")
    ('pt-BR', 'pt-BR')
    """
    ours: dict[str, Language] = {"pt": "pt-BR", "en": "en"}
    return ours.get(code, otherwise)


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return all texts of *language* by their dotted keys."""
    source = files("services.i18n") / "locales" / f"{language}.toml"
    return dict(_flat(tomllib.loads(source.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Join the names of nested tables with dots."""
    for name, value in table.items():
        if isinstance(value, str):
            yield above + name, value
        else:
            yield from _flat(value, f"{above}{name}.")
