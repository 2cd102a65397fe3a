"""The exact embed of a digest, held with its pages; `WRITE_GOLDEN=1` with this test writes the files anew."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import discord
import pytest

from bot.discord.messages.defang import GAP
from bot.discord.messages.digest_embed import alt_text, embed
from db.records import Language
from services.digest.report import Digest
from tests.services.digest import made_up

GOLDEN = Path(__file__).parents[2] / "services" / "digest" / "golden"
ALL = {
    "believable": made_up.BELIEVABLE,
    "empty": made_up.EMPTY,
    "first": made_up.FIRST,
    "late": made_up.LATE,
    "hostile": made_up.HOSTILE,
    "distrusted": replace(made_up.LATE, agreement=replace(made_up.BELIEVABLE.agreement, warning="low")),
    "wordy": replace(made_up.BELIEVABLE, topics=made_up.TOPICS * 3, gaps=made_up.GAPS * 6),
}


def texts(shown: discord.Embed) -> list[str]:
    return [shown.title or "", shown.description or "", *(f"{field.name}\n{field.value}" for field in shown.fields)]


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("kind", ["believable", "empty", "hostile"])
def test_the_embed_is_the_one_that_was_read(kind: str, language: Language) -> None:
    file = GOLDEN / f"embed_{kind}.{language}.json"
    shown = embed(ALL[kind], language).to_dict()
    written = json.dumps({**shown, "alt": alt_text(ALL[kind], language)}, ensure_ascii=False, indent=2) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(written, encoding="utf-8")

    assert written == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("digest", ALL.values(), ids=ALL)
def test_an_embed_is_as_long_as_discord_takes(digest: Digest, language: Language) -> None:
    shown = embed(digest, language)

    assert len(shown) <= 6_000
    assert len(shown.title or "") <= 256
    assert 0 < len(shown.description or "") <= 4_096
    assert len(shown.fields) <= 25
    assert all(0 < len(field.name or "") <= 256 and 0 < len(field.value or "") <= 1_024 for field in shown.fields)
    assert len(alt_text(digest, language)) <= 1_024


@pytest.mark.parametrize("digest", ALL.values(), ids=ALL)
def test_all_parts_of_a_digest_find_room(digest: Digest) -> None:
    assert len(embed(digest, "pt-BR").fields) == (0 if digest.is_empty else 4 + bool(digest.for_staff))


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_hostile_texts_neither_ping_nor_lead_anywhere(language: Language) -> None:
    shown = "\n".join([*texts(embed(made_up.HOSTILE, language)), alt_text(made_up.HOSTILE, language)])

    assert not re.search(r"@(?:everyone|here)|(?<!\\)<[@#]", shown.replace(f"@{GAP}", ""))
    assert "evil.example/x" not in shown
    assert "javascript:" not in shown
    assert set(re.findall(r"\]\((\w+):", shown)) <= {"https"}
    assert "```" not in shown
    assert not re.search("[\u061c\u202a-\u202e\u2066-\u2069]", shown)
    assert not [line for line in shown.splitlines() if line.startswith("# ")]


def test_what_to_explain_comes_before_the_rest_and_small_groups_are_counted() -> None:
    shown = embed(made_up.BELIEVABLE, "pt-BR")

    assert shown.description is not None
    assert shown.description.startswith("**142 perguntas de 61 estudantes;")
    *_, small, tries = shown.description.split("\n\n")
    assert small == "Mais 12 perguntas em 9 assuntos com menos de 3 estudantes."
    assert tries.startswith(
        "Depois das respostas, pediram: palavras mais simples 14 vezes, na maioria das vezes sobre “Por"
    )
    assert (shown.fields[0].name or "").startswith("Lacunas")


def test_of_many_topics_the_first_are_shown_each_with_its_moment_and_the_rest_is_counted() -> None:
    shown = embed(ALL["wordy"], "pt-BR").description or ""

    titles = re.findall(r"^\*\*(\d+)\. ", shown, re.MULTILINE)
    assert titles == ["1", "2", "3", "4", "5", "6"]
    assert len(re.findall(r"^\[\d\d:\d\d:\d\d ", shown, re.MULTILINE)) >= len(titles)
    assert "… e mais 9, no relatório em anexo" in shown


def test_a_link_is_whole_or_not_there() -> None:
    for text in texts(embed(made_up.HOSTILE, "en")):
        assert text.count("](") == len(re.findall(r"\]\(https://[^()\s]+\)", text))


def test_the_charts_stand_beside_the_embed_where_their_description_is_kept() -> None:
    shown = embed(made_up.BELIEVABLE, "en")

    assert shown.image.url is None
    assert shown.thumbnail.url is None
    assert alt_text(made_up.BELIEVABLE, "en")


def test_an_empty_week_is_one_line() -> None:
    shown = embed(made_up.EMPTY, "pt-BR")

    assert shown.description == "Nenhuma pergunta na semana de 16 a 22 de novembro de 2026."
    assert not shown.fields
