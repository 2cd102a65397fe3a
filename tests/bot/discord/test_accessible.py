"""Whoever hears a message instead of seeing it, or sees it on a small screen or without colours, misses nothing."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast, get_args

import pytest

from db.records import Language
from tests.bot.discord.messages import KINDS
from tests.fake_discord.markdown import Seen, seen
from tests.fake_discord.messages import walk
from tests.fake_discord.rules import check_message, check_modal
from tests.fake_discord.things import COMPONENTS_V2, Json

BUTTON, LINK = 2, 5
LETTERS = re.compile(r"[^\W\d_]{2,}")
MARK = re.compile(r"\[[0-9]+\]")
EMOJI = re.compile(r"[\u23e9-\u23ff\u2600-\u27bf\U0001f000-\U0001faff]")
BESIDE_EMOJI = re.compile(rf"(?:(?!{EMOJI.pattern})[^\n])*")
LEADS_TO_A_MESSAGE = "https://discord.com/channels/"
"""Discord shows the name of the channel in place of such an address."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
ALL = [(kind, language) for kind in KINDS for language in LANGUAGES]


def bodies(shown: Any) -> Iterator[Json]:
    """Each message of a kind, as it is sent; *shown* may be a text, an embed, a message or several of them."""
    if isinstance(shown, str):
        yield {"content": shown}
    elif isinstance(shown, list):
        for one in cast("list[Any]", shown):
            yield from bodies(one)
    elif shown is not None and "custom_id" not in shown:
        yield _body(shown)


def _body(shown: Json) -> Json:
    """A message of a golden file, or an embed alone."""
    if "content" not in shown:
        return {"content": "", "embeds": [shown]}
    files: dict[str, str] = shown.get("files", {})
    return {
        "content": shown["content"],
        "embeds": [shown["embed"]] if shown["embed"] else [],
        "components": shown["components"],
        "attachments": [{"filename": name, "description": said} for name, said in files.items()],
    }


def messages(kind: str, language: Language) -> list[Json]:
    return list(bodies(KINDS[kind](language)))


def form(kind: str, language: Language) -> Json | None:
    shown = KINDS[kind](language)
    return cast("Json", shown) if isinstance(shown, dict) and "custom_id" in shown else None


def texts(body: Json) -> Iterator[str]:
    """What is read aloud, in the order in which Discord shows it."""
    yield body["content"]
    for embed in body.get("embeds", []):
        yield embed.get("title", "")
        yield embed.get("description", "")
        for one in embed.get("fields", []):
            yield one["name"]
            yield one["value"]
        yield embed.get("footer", {}).get("text", "")


def read(body: Json) -> list[Seen]:
    return [seen(text) for text in texts(body)]


def buttons(body: Json) -> list[Json]:
    return [item for item in walk(body.get("components", [])) if item["type"] == BUTTON]


def links(body: Json) -> list[tuple[str, str]]:
    """Words and address of all that leads out of a message."""
    in_text = [link for one in read(body) for link in one.links]
    return in_text + [(button["label"], button["url"]) for button in buttons(body) if button["style"] == LINK]


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_each_button_says_in_words_what_it_does(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        labels = [button.get("label", "") for button in buttons(body)]

        assert all(LETTERS.search(label) for label in labels)
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_each_picture_is_described(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        assert all(one["description"] for one in body.get("attachments", []))
        assert not any("image" in embed or "thumbnail" in embed for embed in body.get("embeds", []))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_colour_tells_what_no_word_tells(language: Language) -> None:
    colours = dict[str, int | None]()
    for embed in (embed for kind in KINDS for body in messages(kind, language) for embed in body.get("embeds", [])):
        words = str({key: value for key, value in embed.items() if key != "color"})

        assert embed.get("title") or embed.get("description")
        assert colours.setdefault(words, embed.get("color")) == embed.get("color")


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_each_emoji_stands_beside_words_that_say_the_same(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        for one in read(body):
            for emoji in EMOJI.finditer(one.words):
                after = BESIDE_EMOJI.match(one.words, emoji.end())
                before = one.words[: emoji.start()].rsplit("\n", 1)[-1]
                assert LETTERS.search(after[0] if after else "") or LETTERS.search(EMOJI.split(before)[-1]), one.words


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_a_link_is_understood_by_itself_and_no_two_have_the_same_words(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        opens = dict[str, str]()
        for words, url in links(body):
            assert LETTERS.search(words) or MARK.fullmatch(words), words
            assert opens.setdefault(words, url) == url, words
        assert all(url.startswith(LEADS_TO_A_MESSAGE) for one in read(body) for url in one.bare)


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_a_mark_that_is_a_link_stands_with_its_words_in_the_list_below(kind: str, language: Language) -> None:
    sent = messages(kind, language)
    listed = "".join(text for body in sent for text in texts({**body, "content": ""}))
    for body in sent:
        for words, url in seen(body["content"]).links:
            assert MARK.fullmatch(words)
            assert f"`{words}` [" in listed
            assert url in listed


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_what_is_read_comes_in_the_order_in_which_it_is_needed(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        numbers = [
            int(number)
            for text in texts({**body, "content": ""})
            for number in re.findall(r"^`\[(\d)\]`", text, re.MULTILINE)
        ]
        styles = [button["style"] == LINK for button in buttons(body)]
        moments = [button["label"] for button in buttons(body) if button["label"].startswith("▶")]
        opened = [int(label.split()[1]) for label in moments]

        assert all(first < second for first, second in pairwise(numbers))
        assert opened == [number for number in numbers if number in opened]
        assert styles == sorted(styles, reverse=True)


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_all_of_it_is_within_what_discord_takes(kind: str, language: Language) -> None:
    for body in messages(kind, language):
        assert not body.get("flags", 0) & COMPONENTS_V2
        check_message(body, files=len(body.get("attachments", [])))
    if asked := form(kind, language):
        check_modal(asked)


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_each_field_of_a_form_has_a_name(kind: str, language: Language) -> None:
    for row in (form(kind, language) or {"components": []})["components"]:
        assert LETTERS.search(row.get("label") or row.get("content") or "")
