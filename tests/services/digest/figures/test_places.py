"""Topics and lectures of the week: what is named of them, and what of a lecture that is gone or held back."""

from datetime import timedelta

import pytest

from db import maps
from db.records import LectureId, SegmentId, TranscriptId
from db.records.maps import Chapter
from tests.services.digest.figures.term import MONDAY, Term, asked


async def test_a_topic_needs_three_students_and_no_name_is_in_it(term: Term) -> None:
    for asker in ("x1", "x2", "x3"):
        await term.ask(
            MONDAY + timedelta(hours=int(asker[1])), asker=asker, text="Por que o gradiente some na rede recorrente?"
        )
    await term.ask(MONDAY, asker="x1", text="Sou a Maria Silva, quando é a prova?", outcome="needs_staff")

    digest = await term.told()

    [topic] = digest.topics
    assert (topic.askers, topic.questions, digest.small_questions) == (3, 3, 1)
    assert "gradiente" in topic.title.lower()
    assert "Maria" not in repr(digest)
    assert "x1" not in repr(digest)


async def test_a_topic_takes_nothing_from_an_answer_that_is_held_back(term: Term) -> None:
    for held in ("no", "approved", "waiting", "rejected"):
        await term.ask(MONDAY, text=held, score=2)
        await term.write("update answers set held = %(held)s where id = (select max(id) from answers)", held=held)

    found = {one.text: (one.outcome, one.score, one.lecture_ids) for one in await asked(term)}

    assert found == {
        "no": ("answered", 2, [1]),
        "approved": ("answered", 2, [1]),
        "waiting": ("needs_staff", None, []),
        "rejected": ("needs_staff", None, []),
    }


async def mapped(term: Term, *titles: str, starts_s: tuple[int, ...]) -> None:
    """Give the lecture chapters; each begins where the one before ends."""
    async with term.pool.connection() as conn:
        await maps.put_map(
            conn,
            course=term.course.id,
            lecture=LectureId(1),
            transcript=TranscriptId(int(str(await term.value("select max(id) from transcripts")))),
            chapters=[
                Chapter(
                    ordinal=number,
                    start_ms=start_s * 1_000,
                    end_ms=end_s * 1_000,
                    title=title,
                    origin="quoted",
                    sentence="x",
                    segment_id=SegmentId(1),
                    quote="x",
                    quote_start_ms=start_s * 1_000,
                    quote_end_ms=end_s * 1_000,
                    fingerprint="f",
                )
                for number, (title, start_s, end_s) in enumerate(
                    zip(titles, starts_s, (*starts_s[1:], 3_600), strict=True), start=1
                )
            ],
        )


async def retaken(term: Term) -> None:
    """Let the lecture have new captions, of which the answers that there are cite nothing."""
    await term.write(
        "insert into transcripts (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s,"
        " cue_texts) values (1, 1, 2, 'g', 'vtt', '{0}', '{9}', '{y}')"
    )
    await term.write("update lectures set transcript_id = 2")


async def test_chapters_are_counted_and_topics_name_theirs(term: Term) -> None:
    await term.write("update lectures set transcript_id = 1")
    await mapped(term, "Abertura", "O gradiente", "Perguntas", starts_s=(0, 186, 1_200))
    for asker in "abc":
        await term.ask(MONDAY, asker=asker, minute=3)  # 185 s: two seconds before the words, which are of the second
    await term.ask(MONDAY, asker="d", minute=30, text="O que é LSTM?")

    digest = await term.told()

    [lecture] = digest.lectures
    assert [(one.title, one.cited) for one in lecture.chapters] == [
        ("Abertura", 0),
        ("O gradiente", 3),
        ("Perguntas", 1),
    ]
    assert [one.url for one in lecture.chapters] == [f"https://youtu.be/x?t={second}" for second in (0, 186, 1_200)]
    [topic] = digest.topics
    assert [place.chapter for place in topic.places] == ["O gradiente"]


async def test_what_was_cited_of_other_captions_is_in_no_chapter(term: Term) -> None:
    await term.write("update lectures set transcript_id = 1")
    for asker in "abc":
        await term.ask(MONDAY, asker=asker)
    await mapped(term, "De antes", starts_s=(0,))
    await retaken(term)
    assert [lecture.chapters for lecture in (await term.told()).lectures] == [()]
    await mapped(term, "De agora", starts_s=(0,))

    digest = await term.told()

    assert [(one.title, one.cited) for one in digest.lectures[0].chapters] == [("De agora", 0)]
    assert [place.chapter for topic in digest.topics for place in topic.places] == [None]


@pytest.mark.parametrize(
    "change", ["released_at = now() + interval '1 day'", "withdrawn_at = now(), transcript_id = null"]
)
async def test_a_lecture_that_is_put_off_or_withdrawn_is_told_of_nowhere(term: Term, change: str) -> None:
    await term.write("update lectures set transcript_id = 1")
    await mapped(term, "Segredo", starts_s=(0,))
    for asker in "abc":
        await term.ask(MONDAY, asker=asker)
    await term.write(f"update lectures set {change}")

    digest = await term.told()

    assert digest.lectures == ()
    assert [topic.places for topic in digest.topics] == [()]
    assert digest.questions.value == 3
