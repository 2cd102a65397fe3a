"""Further tries at an answer are told apart, with the topic or lecture that most of them are about."""

from datetime import timedelta

from services.digest.page.sheet import sheet
from services.digest.report import Tries
from tests.services.digest.figures.term import MONDAY, WEEK, Term


async def test_further_tries_are_told_apart(term: Term) -> None:
    await term.ask(WEEK.starts_at)
    for again in ("simpler", "simpler", "other"):
        await term.ask(WEEK.starts_at, outcome="no_material")
        last = "(select max(id) from questions)"
        await term.write(f"update questions set again = %(again)s where id = {last}", again=again)

    digest = await term.told()

    assert (digest.questions.value, digest.answered_share.value) == (1, 1.0)
    assert digest.tries == {"simpler": Tries(count=2), "other": Tries(count=1)}
    assert sum(topic.questions for topic in (*digest.topics, *digest.gaps)) + digest.small_questions == 1
    assert sheet(digest, "en").tries == (
        "Under answers, students asked for: simpler words 2 times; another moment 1 time."
    )


async def tried(term: Term, again: str, follows: int) -> int:
    """Store another try at the answer to a question, and return its own number."""
    await term.ask(MONDAY, text="?")
    last = await term.value("select max(id) from questions")
    assert isinstance(last, int)
    await term.write(
        "update questions set again = %(again)s, follows = %(follows)s, again_try = id where id = %(last)s",
        again=again, follows=follows, last=last,
    )  # fmt: skip
    return last


async def test_the_topic_that_most_tries_are_about_is_named_where_it_is_shown(term: Term) -> None:
    for asker in "abc":
        await term.ask(MONDAY, asker=asker, text="Por que o gradiente some?")
    await term.ask(MONDAY, text="O que é a LSTM?")
    first = await tried(term, "simpler", 1)
    await tried(term, "simpler", first)  # under the try, and so of the same question
    await tried(term, "simpler", 4)
    for follows in (2, 3, 4, 4):
        await tried(term, "example", follows)
    for follows in (1, 2):
        await tried(term, "other", follows)

    digest = await term.told()

    assert [topic.title for topic in digest.topics] == ["Por que o gradiente some?"]
    assert digest.tries == {
        "simpler": Tries(count=3, topic="Por que o gradiente some?"),
        "example": Tries(count=4, lecture="Aula A"),  # half of them is not most, but all are of one lecture
        "other": Tries(count=2),
    }
    assert sheet(digest, "en").tries == (
        "Under answers, students asked for: simpler words 3 times, mostly of “Por que o gradiente some?”; "
        "an example 4 times, mostly in “Aula A”; another moment 2 times."
    )
    assert sheet(digest, "pt-BR").tries == (
        "Depois das respostas, pediram: palavras mais simples 3 vezes, na maioria das vezes sobre “Por que o gradiente "
        "some?”; um exemplo 4 vezes, na maioria das vezes em “Aula A”; outro momento 2 vezes."
    )


async def test_where_most_tries_have_nothing_in_common_or_too_few_asked_nothing_is_named(term: Term) -> None:
    await term.ask(MONDAY, text="Por que o gradiente some?", minute=None)
    await term.ask(MONDAY, text="O que é a LSTM?")
    for follows in (1, 1, 2):
        await tried(term, "simpler", follows)

    digest = await term.told()

    assert digest.tries == {"simpler": Tries(count=3)}


async def test_tries_at_questions_of_an_earlier_week_or_of_deleted_ones_are_counted_too(term: Term) -> None:
    await term.ask(MONDAY - timedelta(days=3), text="Por que o gradiente some?")
    for _ in range(3):
        await tried(term, "simpler", 1)
    await term.ask(MONDAY, text="O que é a LSTM?")
    gone = await term.value("select max(id) from questions")
    assert isinstance(gone, int)
    for _ in range(3):
        await tried(term, "other", gone)
    await term.write("delete from questions where id = %(gone)s", gone=gone)

    digest = await term.told()

    assert digest.tries == {"simpler": Tries(count=3, lecture="Aula A"), "other": Tries(count=3)}
