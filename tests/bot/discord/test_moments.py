"""A tap brings a reader to the second: buttons under an answer, and its marks, which are links."""

import time
from dataclasses import replace

import pytest

from bot.discord.messages import answers, moments
from bot.discord.messages.splitting import LONGEST
from db.records import Reference
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import CORRECTED, corrected, desk
from tests.bot.discord.made_up.answers import LONG_TITLE, MOMENTS, REFERENCES, cited, reply
from tests.bot.discord.test_refreshing import card_of, mentioned, ours, settled
from tests.fake_discord import Message
from tests.fake_discord.markdown import seen

URL = "https://youtu.be/abc?t=208"


def linked(text: str, *references: Reference) -> str:
    """*text* with as many of its marks as links as can be."""
    return next(moments.with_links(text, references or REFERENCES), text)


def pages(text: str, *references: Reference) -> list[str]:
    shown = replace(reply("answered", "pt-BR", text), references=references or REFERENCES)
    return [page.content for page in answers.answer(shown, "pt-BR")]


# Buttons


def test_a_button_is_named_by_number_time_and_lecture_cut_between_words() -> None:
    first, second, third = moments.buttons(MOMENTS)

    assert first.label == "▶ 1 · 03:28 · Aula 12: retropropagação no tempo, gradientes que somem e…"
    assert (second.label or "").startswith("▶ 2 · 01:06:48 · Aula 12: retropropagação")
    assert third.label == "▶ 3 · 01:15 · Aula 2"
    assert third.url == "https://videos.example.org/aula_(2).mp4#t=75"
    assert max(len(one.label or "") for one in (first, second, third)) <= moments.LONGEST_LABEL


def test_a_lecture_without_words_in_its_title_is_named_by_its_id() -> None:
    (button,) = moments.buttons([cited(1, "\u200b", 75.0, URL)])

    assert button.label == "▶ 1 · 01:15 · aula-5"


@pytest.mark.parametrize("url", [None, "http://videos.example.org/a.mp4#t=75", "https://example.org/" + "x" * 500])
def test_what_a_button_cannot_open_has_none_and_the_list_says_the_time(url: str | None) -> None:
    shown = replace(reply("answered", "en"), references=(cited(1, "Aula 4", 75.0, url),))
    (page,) = answers.answer(shown, "en")

    assert page.view
    assert [len(row["components"]) for row in page.view.to_components()] == [4, 3]
    assert page.embed
    assert "00:01:15" in (page.embed.description or "")


def test_more_moments_than_a_row_holds_take_two_and_leave_two_for_what_one_can_do() -> None:
    many = tuple(cited(number, "Aula", 60.0 * number, f"{URL}{number}") for number in range(1, 13))
    (page,) = answers.answer(replace(reply("answered", "en"), references=many), "en", can_share=True)

    assert page.view
    assert [len(row["components"]) for row in page.view.to_components()] == [5, 5, 5, 3]


# Marks


def test_a_mark_is_a_link_to_its_moment() -> None:
    text = linked("Encolhe [1][2], soma [3].", *MOMENTS)

    assert seen(text).links == [("[1]", "https://youtu.be/abc?t=208"), ("[2]", "https://youtu.be/abc?t=4008")]
    assert seen(text).words == "Encolhe [1][2], soma [3]."


@pytest.mark.parametrize(
    "text",
    [
        "`w[1]` ou ```\n[1]\n``` ou w[1] ou f(x)[1] ou array([1])",
        "\\[1] e \\[1\\]",
        "um ` solto [1]\ne outro ` aqui",
        "\\`a` [1]` x",
    ],
)
def test_what_is_or_may_be_code_and_what_is_no_mark_has_no_link(text: str) -> None:
    assert linked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "no intervalo [0, 1) ele some [1]",
        "[veja a aula [1]",
        "a[ [1] b]",
        "se a<b[1] [1]",
        "vale p<x [1]",
        "**some [1]** e _some [1]_",
        "[a] ] b] [1] c]",
        "vetor w[i] e [1]",
    ],
)
def test_what_stands_around_a_mark_makes_no_other_link_of_it(text: str) -> None:
    shown = seen(linked(text))

    assert set(shown.links) == {("[1]", URL)}
    assert shown.words.replace("[1]", "") == text.replace("[1]", "").replace("*", "").replace("_", "")
    assert not shown.bare


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.mp4#t=1",
        "https://example.org/a(1).mp4",
        "https://example.org/50%25.mp4",
        "https://example.org/a*b",
        "https://example.org/a_?t=1",
        "https://example.org/a__b",
        "https://example.org/a b",
        "https://example.org/ã",
        "https://example.org/" + "x" * 200,
    ],
)
def test_an_address_that_may_end_a_link_too_soon_leaves_the_mark_as_it_is(url: str) -> None:
    assert linked("some [1]", cited(1, "Aula", 1.0, url)) == "some [1]"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=dQw4w9_gXcQ&list=PL-1&t=75",
        "https://vimeo.com/123#t=75s",
        "https://u.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=01234567-89ab-cdef-0123-456789abcdef&start=75",
        "https://drive.google.com/file/d/1aB_cD-e/view?t=75",
        "https://cdn.example.org/Aula%2005%20C3%A7.mp4#t=75",
    ],
)
def test_the_addresses_of_known_hosts_can_be_linked(url: str) -> None:
    assert seen(linked("some [1]", cited(1, "Aula", 1.0, url))).links == [("[1]", url)]


@pytest.mark.parametrize("unit", ["\\(", "<", "[a", "[1] "])
def test_a_model_that_repeats_itself_does_not_keep_us_busy(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    started = time.thread_time()

    list(moments.with_links(text, REFERENCES))

    assert time.thread_time() - started < 3  # a quadratic step takes much longer


def test_marks_cost_no_page_only_the_first_of_each_or_none_is_a_link_then() -> None:
    mark, link = len("[1]"), len(f"[[1]](<{URL}>)")
    filler = "x " * ((LONGEST - 40 - link - 9 * (mark + 1)) // 2)

    (all_linked,) = pages("some [1] " * 10)
    (first_linked,) = pages(filler + "[1] " * 10)
    (none_linked,) = pages("x " * ((LONGEST - 20) // 2) + "[1] ")

    assert all_linked.count(URL) == 10
    assert first_linked.count(URL) == 1
    assert none_linked.count(URL) == 0


def test_a_page_ends_before_a_link_that_it_cannot_hold() -> None:
    first, second = pages("x" * (LONGEST - 30) + "»[1]" + "y" * 100 + " [1]")

    assert first == "x" * (LONGEST - 30) + "»"
    assert seen(second).links == [("[1]", URL)] * 2


def test_a_formula_with_brackets_is_no_mark() -> None:
    (page,) = pages(r"O vetor \([1]\) e \(x[1]\) somem [1].")

    assert seen(page).links == [("[1]", URL)]
    assert seen(page).code == ["[1]", "x[1]"]


# In Discord


def opened(message: Message) -> set[str]:
    """Where the buttons, the marks and the list of a message lead."""
    assert len(message.embeds) == 1
    ways = {url for _, url in seen(message.content).links}
    assert ways == set(message.links.values())
    assert all(f"]({url})" in message.embeds[0]["description"] for url in ways)
    return ways


async def test_each_place_of_an_answer_has_its_buttons(campus: Campus) -> None:
    async with desk(campus) as at:
        private = await at.asked(private=True)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        await mentioned(at)
        await campus.server.until(lambda: len(ours(campus)) == 2 and all(one.links for one in ours(campus)))

        for message in (private, *ours(campus)):
            assert all(url.startswith("https://youtu.be/abc123?t=") for url in opened(message))
            assert message.links
            assert not seen(message.content).bare  # each would bring a preview of the video


async def test_the_buttons_of_an_older_message_work_and_its_next_edit_brings_the_new_ones(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        as_it_was = answer.text, [row for row in answer.components if "url" not in row["components"][0]]
        assert len(as_it_was[1]) == len(answer.components) - 1
        answer.content, answer.components = as_it_was
        for name in ("Trechos", "Chamar monitor", "Ajudou"):
            await (await campus.server.click(campus.ana, answer, answer.buttons[name])).answered()
        card = await card_of(at, answer)
        assert not answer.links

        await corrected(at, at.bia, card, CORRECTED)
        await campus.server.until(lambda: "Verificado" in answer.content)
        await settled(at)

        assert opened(answer)


async def test_a_course_without_videos_has_no_button_and_its_list_says_the_time(campus: Campus) -> None:
    async with desk(campus) as at:
        async with at.client.services.pool.connection() as conn:
            await conn.execute("update lectures set video_url = null")
        answer = await at.asked()

        assert not answer.links
        assert not seen(answer.content).links
        assert "`[1]` 00:0" in answer.embeds[0]["description"]
        assert "Ajudou" in answer.buttons


def test_the_title_of_a_link_shows_no_backslash() -> None:
    (page,) = answers.answer(
        replace(reply("answered", "en"), references=(cited(1, "A* [b] `c` (d)", 75.0, URL),)), "en"
    )

    assert page.embed
    assert f"[00:01:15 A∗ (b) ‘c‘ (d)]({URL})" in (page.embed.description or "")
    assert LONG_TITLE not in (page.embed.description or "")
