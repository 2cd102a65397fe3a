"""What staff did in the week: cards settled, labels agreed on, answers verified."""

from datetime import datetime, timedelta

from services.digest.page.sheet import sheet
from tests.services.digest.figures.term import MONDAY, Term


async def test_flags_are_counted_when_they_open_and_when_they_are_settled(term: Term) -> None:
    await term.ask(MONDAY)
    await term.write(
        "insert into review_items (answer_id, course_id, opened_at, settled_at, verdict) values"
        " (1, 1, %(opened)s, %(settled)s, 'C')",
        opened=MONDAY + timedelta(hours=1),
        settled=MONDAY + timedelta(hours=5),
    )
    await term.write("insert into review_items (answer_id, course_id, opened_at) values (1, 1, %(o)s)", o=MONDAY)

    review = (await term.told()).review

    assert (review.opened.value, review.settled.value, review.median_settle_s.value, review.open_now) == (
        2.0,
        1.0,
        14_400.0,
        1,
    )


async def label(term: Term, answer: int, *labels: str) -> None:
    """Let as many members of staff label an answer."""
    for number, said in enumerate(labels):
        await term.write(
            "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
            " values (%(answer)s, 1, %(who)s, 'staff', %(label)s, %(when)s)",
            answer=answer, who=f"ta{number}", label=said, when=MONDAY,
        )  # fmt: skip


async def test_an_answer_on_which_staff_are_split_evenly_agrees_with_nobody(term: Term) -> None:
    for _ in range(4):
        await term.ask(MONDAY, score=3)
    await label(term, 1, "C", "I")
    await label(term, 2, "C", "C", "I")
    await label(term, 3, "I", "I", "C", "C", "P")

    agreement = (await term.told()).agreement

    assert (agreement.n, agreement.share) == (1, 1.0)


async def verify(term: Term, answer: int, when: datetime, version: int = 1) -> None:
    await term.write(
        "insert into verified_answers (course_id, answer_id, question, language, text, version, verified_by,"
        " verified_at) values (1, %(answer)s, 'q', 'pt', 't', %(version)s, 'ta', %(when)s)",
        answer=answer, version=version, when=when,
    )  # fmt: skip


async def test_a_verified_answer_counts_where_it_was_shown_once_an_answer_and_not_as_evidence(term: Term) -> None:
    for _ in range(3):
        await term.ask(MONDAY)
    await verify(term, 1, MONDAY)
    await verify(term, 2, MONDAY)
    await term.write(
        "insert into verified_uses (answer_id, course_id, verified_id, way, used_at) values"
        " (2, 1, 1, 'evidence', %(when)s), (3, 1, 1, 'shown', %(when)s), (3, 1, 2, 'shown', %(when)s)",
        when=MONDAY,
    )

    assert (await term.told()).verified_used.value == 1.0


async def test_a_verified_answer_counts_as_new_or_revised_in_the_week_of_its_last_version(term: Term) -> None:
    # When the first version was written is not kept.
    for _ in range(2):
        await term.ask(MONDAY)
    await verify(term, 1, MONDAY)
    await verify(term, 2, MONDAY, version=2)

    digest = await term.told()

    assert digest.verified_written.value == 2.0
    assert "Respostas verificadas novas ou revistas" in [row.name for row in sheet(digest, "pt-BR").staff]
    assert "Verified answers, new or revised" in [row.name for row in sheet(digest, "en").staff]
