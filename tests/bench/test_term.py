from zoneinfo import ZoneInfo

import psycopg

from bench import term, term_questions
from bench.families import families, singles


def test_the_same_seed_draws_the_same_term() -> None:
    first = list(term_questions.drawn("estatistica", seed=3, scale=0.05))

    assert first == list(term_questions.drawn("estatistica", seed=3, scale=0.05))
    assert first != list(term_questions.drawn("estatistica", seed=4, scale=0.05))


def test_an_exam_week_is_asked_most_and_the_last_week_alone_is_the_same_week() -> None:
    whole = list(term_questions.drawn("redes-neurais", scale=0.1))
    last = list(term_questions.drawn("redes-neurais", scale=0.1, weeks=1))

    assert (len(whole), len(last)) == (10 * 40 + 2 * 100, 100)
    assert whole[-100:] == last


def test_weeks_are_those_of_the_courses_clocks() -> None:
    asked = term_questions.drawn("redes-neurais", weeks=1)
    days = {one.asked_at.astimezone(ZoneInfo("America/Sao_Paulo")).date() for one in asked}

    assert {day.isocalendar()[:2] for day in days} == {(2026, 21)}
    assert len(days) == 7


def test_no_question_is_in_two_families() -> None:
    texts = [text for family in families() for text in family.questions]
    texts += [text for single in singles().values() for text in single]

    assert len(texts) == len(set(texts))


async def test_a_term_is_whole_in_the_database(database: str) -> None:
    written = await term.write(database, scale=0.05)

    assert [one.questions for one in written] == [300, 150, 150]
    with psycopg.connect(database) as conn:
        row = conn.execute(
            """
            select (select count(*) from questions), (select count(*) from answers),
                (select count(distinct outcome) from answers),
                (select count(*) from answers a where a.outcome = 'answered'
                    and not exists (select from answer_references r where r.answer_id = a.id)),
                (select count(*) from judgements where score is null and status <> 'ok') > 0,
                (select count(*) from annotations where role = 'staff') > 0,
                (select count(*) from review_items where settled_at is null) > 0,
                (select count(*) from review_items where settled_at is not null) > 0
            """
        ).fetchone()
    assert row == (600, 600, 4, 0, True, True, True, True)
