"""
What joining groups by the moments they cite does to the topics: `python -m bench moments URL`.

URL names a database that `python -m bench term URL` has filled, all twelve weeks, with its own seed.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool
from rich.console import Console
from rich.table import Table

from bench import term_questions
from bench.families import families
from bench.topics import Quality, measured
from db import connect
from services.courses.courses import Courses
from services.digest.report import Place
from services.digest.topics import grouping
from services.digest.topics.moments import joined
from services.search.retrieve import Retriever

FIGURES = ("purity", "rand", "homogeneity", "completeness", "v")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One question, the family it is of, and what its answer cites."""

    text: str
    language: str
    family: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    text: str
    language: str
    week: int
    lecture_ids: list[int]
    titles: list[str]
    starts_s: list[float]


async def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench moments", description="Topics before and after joining.")
    parser.add_argument("url")
    url = parser.parse_args(words).url
    shown = Table("questions", "joined", "purity", "ARI", "homogeneity", "completeness", "V", "groups")
    async with connect.pool(url) as pool:
        for slug in term_questions.COURSES:
            async with pool.connection() as conn:
                weeks = await _weeks(conn, slug)
            _add(shown, f"{slug}, mean of {len(weeks)} weeks", weeks)
        _add(shown, "families, first hit of a real search", [await _searched(pool, "redes-neurais")])
    Console(width=140).print(shown)


def _add(shown: Table, name: str, weeks: Sequence[Sequence[Cited]]) -> None:
    before, after = zip(*map(_compared, weeks), strict=True)
    for said, found in (("no", before), ("yes", after)):
        figures = (f"{mean(getattr(one, figure) for one in found):.3f}" for figure in FIGURES)
        shown.add_row(name, said, *figures, f"{mean(one.groups for one in found):.0f}")


def _compared(questions: Sequence[Cited]) -> tuple[Quality, Quality]:
    groups = grouping.group([one.text for one in questions], None, [one.language for one in questions])
    truth = [one.family for one in questions]
    return measured(truth, groups.labels), measured(truth, joined(groups, questions).labels)


async def _weeks(conn: AsyncConnection, slug: str) -> list[list[Cited]]:
    """Return the questions of a made-up term, week by week, with the families that they were drawn from."""
    async with conn.cursor(row_factory=class_row(_Row)) as cur:
        await cur.execute(
            """
            select q.text, q.language, extract(week from q.asked_at at time zone 'America/Sao_Paulo')::int as week,
                coalesce(array_agg(l.id order by r.number) filter (where l.id is not null), '{}') as lecture_ids,
                coalesce(array_agg(l.title order by r.number) filter (where l.id is not null), '{}') as titles,
                coalesce(array_agg(r.start_s order by r.number) filter (where l.id is not null), '{}') as starts_s
            from questions q
            join courses c on c.id = q.course_id
            left join answers a on a.question_id = q.id
            left join answer_references r on r.answer_id = a.id
            left join segments s on s.id = r.segment_id
            left join lectures l on l.id = s.lecture_id
            where c.slug = %s
            group by q.id order by q.id
            """,
            [slug],
        )
        rows = await cur.fetchall()
    by_week = defaultdict[int, list[Cited]](list)
    for row, drawn in zip(rows, term_questions.drawn(slug), strict=True):
        assert row.text == drawn.text, "the term in the database was drawn with another seed"
        places = zip(row.lecture_ids, row.titles, row.starts_s, strict=True)
        by_week[row.week].append(
            Cited(
                text=row.text,
                language=row.language,
                family=drawn.family.name if drawn.family else drawn.text,
                places=tuple(
                    Place(lecture_id=lecture, lecture=title, start_s=start, url=None, citations=1)
                    for lecture, title, start in places
                ),
            )
        )
    return list(by_week.values())


async def _searched(pool: AsyncConnectionPool, slug: str) -> list[Cited]:
    """Return each way to ask each family, with the first passage that a search by words finds."""
    course, retriever, found = await Courses(pool).find(slug), Retriever(pool, None), list[Cited]()
    for family in (family for family in families() if family.course == slug):
        for question in family.questions:
            hits = (await retriever.search(course=course, questions=[question], k=1)).hits
            places = tuple(
                Place(lecture_id=hit.lecture_id, lecture=hit.title, start_s=hit.start_s, url=None, citations=1)
                for hit in hits
                if family.outcome == "answered"
            )
            found.append(Cited(text=question, language="pt", family=family.name, places=places))
    return found
