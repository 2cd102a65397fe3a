"""Whatever a model, a lecturer or a student writes, no surface of Discord shows anything that acts."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.messages import answers, course_settings, ingest_progress, lectures
from bot.discord.messages.defang import GAP, HEADING
from services.lectures.ingest import Taken
from tests.bot.console import Console
from tests.bot.discord.made_up.answers import HIT, REFERENCES, reply
from tests.bot.discord.made_up.courses import BINDINGS, REDES, SETTINGS, lecture

PIECES = [
    "@everyone",
    "@here",
    "<@1>",
    "<@!1>",
    "<@&42>",
    "<#123>",
    "<t:1:R>",
    "<id:customize>",
    "</ban:123>",
    "</course bind:123>",
    "<:x:123>",
    "<a:x:123>",
    "<sound:1:123>",
    "<ana@evil.example>",
    "<+5511999999999>",
    "[prova](https://evil.example)",
    "[a\nb](https://evil.example)",
    "[[a](b)](https://evil.example)",
    "[a](<https://evil.example>)",
    "[a](\nhttps://evil.example)",
    "https://youtu.be@evil.example",
    "http://evil.example/x?y=1",
    "<https://evil.example>",
    "discord.gg/abcdef",
    "discord.gift/abcdef",
    "https://discord.com/invite/abcdef",
    "discord.gdiscord.ggg/abcdef",
    "\n```python\n",
    "```",
    "`",
    "``",
    "\\",
    "\\`",
    "||",
    "||segredo||",
    "\n# Título",
    "\n> ## Título",
    "\n- # Título",
    "\n1. ### Título",
    "\n-# miúdo",
    "\u200b",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u061c",
    "\ufeff",
    "]",
    "[",
    "(",
    ")",
    "<",
    ">",
    "|",
    "@",
    "#",
    ":",
    "//",
    "discord.g",
    "g/abcdef",
    " [1]",
    "[1][2]",
    "palavra",
    " ",
    "\n",
]
ACTS = re.compile(
    r"@everyone|@here|<@[!&]?\d|<#\d|<t:\d|<id:\w|</[^<>\n]+:\d|<a?:\w+:\d|<sound:|<[\w.+-]+@[^\s<>]+>|<\+\d"
    r"|\w://|mailto:\w|\]\(|discord(?:app)?\.(?:gg|gift|com/invite)/\w|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff]",
    re.IGNORECASE,
)
OUTSIDE_CODE = re.compile(r"\|\||^[ \t]*(?:(?:>{1,3}|[-*+]|\d+[.)])[ \t]+)*(?:#{1,3}|-#)[ \t]", re.MULTILINE)
OURS = re.compile(r"\]\((?:https://youtu\.be/abc\d*\?t=\d+|<https://youtu\.be/abc\?t=208>)\)")
CODE = re.compile(r"```.*?```|``.+?``|`[^`\n]+`", re.DOTALL)


def shown_answer(text: str) -> list[str]:
    pages = answers.answer(reply("answered", "pt-BR", text), "pt-BR")
    return [page.content for page in pages]


def shared(text: str) -> list[str]:
    pages = answers.answer(replace(reply("answered", "en"), question=text), "en", with_question=True)
    return [page.content for page in pages]


def references(text: str) -> list[str]:
    hostile = replace(
        reply("answered", "en"), references=tuple(replace(it, title=text, quote=text) for it in REFERENCES)
    )
    embeds = [page.embed for page in answers.answer(hostile, "en")] + [answers.excerpts(hostile, "en")]
    return [embed.description or "" for embed in embeds if embed]


def excerpts(text: str) -> list[str]:
    hit = replace(HIT, text=text, cue_offsets=(0,), cue_starts_s=(210.0,))
    embed = answers.excerpts(replace(reply("answered", "en"), hits=(hit,)), "en")
    return [embed.description or ""] if embed else []


def found(text: str) -> list[str]:
    embed = lectures.found(text, [replace(HIT, title=text, text=text)], "en")
    nothing = lectures.found(text, [], "en")
    return [embed.title or "", embed.description or "", nothing.description or ""]


def listed(text: str) -> list[str]:
    listed = [replace(lecture(1), title=text), replace(lecture(2, later=True), title=text)]
    embed = lectures.lectures(text, listed, "pt-BR")
    return [embed.title or "", re.sub(r"<t:32477284800:d>", "", embed.description or "")]


def settings(text: str) -> list[str]:
    embed = course_settings.course(replace(REDES, title=text), SETTINGS, BINDINGS, {}, lectures=1, language="en")
    return [embed.title or ""]


def ingested(text: str) -> list[str]:
    taken = Taken(slug=text, path=Path("/x"), status="new", found=1, kept=1)
    return ingest_progress.taken(taken, "en") + ingest_progress.taken(
        replace(taken, status="refused", found=0, kept=0), "en"
    )


SURFACES: dict[str, Callable[[str], list[str]]] = {
    "answer": shown_answer,
    "draft": lambda text: [answers.draft(text)],
    "shared": shared,
    "references": references,
    "excerpts": excerpts,
    "search": found,
    "lectures": listed,
    "course": settings,
    "ingest": ingested,
}
ESCAPED = re.compile(r"\\([\\*_~|`\[\]()<>#])")
PLAIN = set(SURFACES) - {"answer", "draft"}


def seen(surface: str, text: str) -> str:
    """What is left for Discord to read as markup: without what is escaped, and without our own links."""
    cut = OURS.sub("", text)
    return ESCAPED.sub("·", cut) if surface in PLAIN else cut


def acting(surface: str, text: str) -> list[str]:
    """The parts of a surface in which something acts."""
    return [part for part in SURFACES[surface](text) if ACTS.search(seen(surface, part))]


def large(surface: str, text: str) -> list[str]:
    """The parts of a surface in which something is hidden or written large."""
    parts = SURFACES[surface](text)
    return [part for part in parts if OUTSIDE_CODE.search(CODE.sub("·", seen(surface, part)))]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("piece", PIECES)
def test_nothing_hostile_is_shown(surface: str, piece: str) -> None:
    for text in (piece, f"veja {piece} aqui", f"{piece}{piece}", f"x{piece}\n{piece}"):
        assert acting(surface, text) == []
        assert large(surface, text) == []


@pytest.mark.parametrize("surface", SURFACES)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_combination_is_shown(surface: str, pieces: list[str]) -> None:
    assert acting(surface, "".join(pieces)) == []


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), filler=st.integers(1_900, 2_050))
def test_no_combination_becomes_hostile_where_a_page_begins(pieces: list[str], filler: int) -> None:
    for page in shown_answer("palavra " * (filler // 8) + "".join(pieces) + " fim" * 40):
        assert not ACTS.search(seen("answer", page))
        assert not HEADING.match(page)


def test_a_sign_in_the_middle_of_a_line_makes_no_heading_where_a_page_begins() -> None:
    _, second = shown_answer("x" * 1_981 + " # Título " + "fim " * 40)

    assert second.startswith(f"{GAP}# Título")


@pytest.mark.parametrize("surface", sorted({"references", "search", "lectures"}))
@pytest.mark.parametrize("title", ["[", "a [b", "a ] b", "[[x]", "\\", "a\\", "](https://evil.example)", GAP, "\u202e"])
def test_a_title_never_breaks_the_link_that_it_names(surface: str, title: str) -> None:
    shown = "\n".join(SURFACES[surface](title))

    links = re.findall(r"\[([^\[\]\n]+)\]\(https://youtu\.be/abc\d*\?t=\d+\)", shown)
    assert len(links) == shown.count("https://")
    assert all(re.sub(rf"[{GAP}\s]", "", link) for link in links)


def test_long_addresses_leave_the_links_whole() -> None:
    url = "https://video.example/" + "x" * 1_500
    many = tuple(replace(REFERENCES[0], number=number, url=url) for number in range(1, 6))

    (page,) = answers.answer(replace(reply("answered", "en"), references=many), "en")

    assert page.embed
    assert page.embed.description
    assert len(page.embed.description) <= 4_096
    assert page.embed.description.count("https://") == page.embed.description.count("x" * 1_500 + ")")
    assert page.embed.description.count("https://") >= 2


def test_quotations_give_way_to_links() -> None:
    url = "https://video.example/" + "x" * 600
    many = tuple(replace(REFERENCES[0], number=number, url=url, quote="citação " * 40) for number in range(1, 6))

    (page,) = answers.answer(replace(reply("answered", "en"), references=many), "en")

    assert page.embed
    assert (page.embed.description or "").count("https://") == 5


def test_comments_and_operators_in_code_can_be_copied() -> None:
    code = "```python\n# comentário\nx = a || b\n```"

    assert shown_answer(code) == [code]


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "o que \udcff é um gradiente?", "--course", "redes"],
        ["search", "gradiente \udcff", "--course", "redes", "--json"],
        ["search", "gradiente", "--course", "re\udcffdes"],
        ["ask", "gradiente", "--course", "redes", "--lecture", "au\udcffla"],
        ["ingest", "/no/such/\udcff.vtt", "--course", "redes"],
        ["import-dossier", "/no/such/\udcff.md", "--course", "redes"],
    ],
    ids=lambda command: " ".join(command[:1]),
)
async def test_a_byte_of_the_command_line_that_is_no_letter_stops_nothing(sampled: Console, command: list[str]) -> None:
    ran = await sampled.run(*command)

    assert ran.code in {0, 1}
    assert "did not expect" not in ran.err
