"""`monitoria agreement`: what it prints of rows in a real database."""

import asyncio
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.bot.console import Console, captions, flat

LABEL_OF_SCORE = ("I", "I", "P", "C")
QUESTION = "Por que o gradiente some numa rede recorrente? " * 10
FIGURES = [
    "labelled",
    "n",
    "tied",
    "failed",
    "unjudged",
    "matrix",
    "agreement",
    "interval",
    "weighted_agreement",
    "kappa",
    "kappa_interval",
    "kappa_note",
    "weighted_kappa",
    "ac1",
    "ac1_interval",
]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One answer, as judge and people see it."""

    score: int | None = 3
    status: str | None = "ok"  # None: not judged
    staff: str = ""  # a letter for each of them
    students: str = ""
    language: str = "pt"
    source: str = "discord"
    model: str = "small-judge"
    prompt: str | None = "judge/1"
    probability: float | None = None
    seen: bool = False
    outcome: str = "answered"
    question: str = QUESTION
    comments: tuple[str, ...] = field(default=())


def fill(url: str, rows: list[Row], *, slug: str = "redes") -> None:
    with psycopg.connect(url) as conn:
        [course] = conn.execute(
            "insert into courses (slug, title, language) values (%s, 'Redes', 'pt-BR') returning id", [slug]
        ).fetchone() or [0]
        for row in rows:
            add(conn, course, row)


def add(conn: psycopg.Connection, course: int, row: Row) -> None:
    [question] = conn.execute(
        "insert into questions (course_id, text, language, source) values (%s, %s, %s, %s) returning id",
        [course, row.question, row.language, row.source],
    ).fetchone() or [0]
    [answer] = conn.execute(
        """
        insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
        values (%s, %s, %s, 'Porque ele some [1].', 'lexical', 'fake', 1) returning id
        """,
        [question, course, row.outcome],
    ).fetchone() or [0]
    if row.status:
        judge(conn, course, answer, row)
    labels = [("staff", label) for label in row.staff] + [("student", label) for label in row.students]
    for number, (role, label) in enumerate(labels):
        comment = row.comments[number] if number < len(row.comments) else None
        conn.execute(
            """
            insert into annotations (answer_id, course_id, annotator_key, role, label, reason, comment, judge_visible)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [answer, course, f"key-{number}", role, label, "wrong" if comment else None, comment, row.seen],
        )


def judge(conn: psycopg.Connection, course: int, answer: int, row: Row) -> None:
    scored = row.status in {"ok", "recovered"} and row.score is not None
    conn.execute(
        """
        insert into judgements (answer_id, course_id, kind, status, score, criteria, evidence, label,
            settings_version, probability, model, prompt_id)
        values (%s, %s, 'relevance', %s, %s, 'Responde?', 'Não cita o porquê.', %s, 0, %s, %s, %s)
        """,
        [
            answer,
            course,
            row.status,
            row.score if scored else None,
            LABEL_OF_SCORE[row.score or 0] if scored else None,
            row.probability,
            row.model,
            row.prompt,
        ],
    )


SEMESTER = [
    *[Row(score=3, staff="C", probability=0.5)] * 20,
    *[Row(score=3, staff="C", seen=True)] * 4,
    *[Row(score=2, staff="C", language="en")] * 3,
    *[Row(score=2, staff="P", students="I")] * 5,
    *[Row(score=1, staff="P")] * 3,
    *[Row(score=0, staff="I", language="en")] * 6,
    Row(
        score=3,
        staff="IP I".replace(" ", ""),
        students="C",
        question="E o [bold]dropout[/]?",
        comments=("a aula diz\x1b[31m o contrário", "", "confunde com L2"),
    ),
    Row(score=0, staff="C", question="O que é um tensor?"),
    *[Row(score=3, students="C")] * 9,
    Row(score=3, students="I", comments=("o link abre a aula errada",)),
    Row(score=3, staff="CI"),
    Row(status="timeout", staff="I"),
    Row(status="parse_error"),
    Row(status=None, students="I", outcome="no_material"),
    *[Row(score=3)] * 7,
    *[Row(score=3, staff="C", source="dossier", model="imported", prompt=None)] * 4,
]


async def test_36_of_36_correct_leaves_kappa_undefined_and_says_why(terminal: Console, database: str) -> None:
    fill(database, [Row(staff="C")] * 36)

    shown, listed = await asyncio.gather(
        terminal.run("agreement", "--course", "redes"), terminal.run("agreement", "--course", "redes", "--json")
    )

    assert (shown.code, shown.err) == (0, "")
    assert "Judge against people in redes: 36 answers compared" in shown.out
    assert "all 36 100% 90%–100% 1.00 – – 0" in flat(shown.out)
    assert "κ undefined: single class (all; lang pt; by staff; staff, blind; staff, " in flat(shown.out)
    assert (listed.code, listed.err) == (0, "")
    everything = listed.document["groups"]["all"]
    assert list(everything) == FIGURES
    assert everything["matrix"] == {
        "C": {"C": 36, "P": 0, "I": 0},
        "P": {"C": 0, "P": 0, "I": 0},
        "I": {"C": 0, "P": 0, "I": 0},
    }
    assert (everything["kappa"], everything["weighted_kappa"]) == (None, None)
    assert everything["kappa_note"] == "undefined: single class"
    assert (everything["agreement"], everything["ac1"]) == (1.0, 1.0)
    assert everything["interval"] == pytest.approx([36 / (36 + 1.959964**2), 1.0])
    assert listed.document["threshold"]["proposed"] is None
    assert listed.document["threshold"]["reason"].startswith("too few labels (n = 36, 0 of them P or I)")


DOCUMENT = [
    "course",
    "n",
    "groups",
    "failures",
    "judged_unlabelled",
    "labelled_unjudged",
    "flag_below",
    "threshold",
    "configurations",
    "disagreements",
    "stand_in",
    "faults",
    "untold",
]
GROUPS = [
    "all",
    "lang en",
    "lang pt",
    "by staff",
    "by students",
    "staff, blind",
    "staff, judge seen",
    "staff, development",
    "staff, test",
    "staff, each other",
    "staff, each other, en",
    "staff, each other, pt",
    "made here",
    "imported",
]


async def test_every_answer_is_accounted_for_in_json(terminal: Console, database: str) -> None:
    fill(database, SEMESTER)

    ran = await terminal.run("agreement", "--course", "redes", "--json")

    assert (ran.code, ran.err) == (0, "")
    document = ran.document
    assert list(document) == DOCUMENT
    groups = document["groups"]
    assert list(groups) == GROUPS
    for one in groups.values():
        assert one["labelled"] == one["n"] + one["tied"] + one["failed"] + one["unjudged"]
    everything = groups["all"]
    assert {name: everything[name] for name in FIGURES[:5]} == {
        "labelled": 60,
        "n": 57,
        "tied": 1,
        "failed": 1,
        "unjudged": 1,
    }
    assert document["n"] == 57
    assert everything["matrix"] == {
        "C": {"C": 37, "P": 0, "I": 2},
        "P": {"C": 3, "P": 5, "I": 0},
        "I": {"C": 1, "P": 3, "I": 6},
    }
    assert everything["agreement"] == pytest.approx(48 / 57)
    assert everything["weighted_agreement"] == pytest.approx(68 / 77)  # 20 answers stand for two each
    assert groups["lang en"]["weighted_agreement"] is None
    assert groups["by students"]["n"] == 16
    assert (groups["staff, judge seen"]["n"], groups["imported"]["n"]) == (4, 4)
    assert document["failures"] == {"timeout": 1, "parse_error": 1}
    assert (document["judged_unlabelled"], document["labelled_unjudged"]) == (7, {"no_material": 1})


async def test_the_threshold_belongs_to_the_configuration_in_use(terminal: Console, database: str) -> None:
    fill(database, SEMESTER)

    document = (await terminal.run("agreement", "--course", "redes", "--json")).document

    assert [(one["threshold"]["model"], one["figures"]["n"]) for one in document["configurations"]] == [
        ("small-judge", 53),
        ("imported", 4),
    ]
    threshold = document["threshold"]
    assert (threshold["model"], threshold["prompt_id"]) == ("small-judge", "judge/1")
    assert (threshold["labels"], threshold["need_repair"], threshold["reason"]) == (43, 15, None)
    assert [one["below"] for one in threshold["tried"]] == [1, 2, 3]
    assert threshold["proposed"] == 3
    assert sum(one["chosen"] for one in threshold["tried"]) == pytest.approx(1)


async def test_the_worst_disagreements_come_first_and_name_nobody(terminal: Console, database: str) -> None:
    fill(database, SEMESTER)

    ran = await terminal.run("agreement", "--course", "redes", "--json")

    found = ran.document["disagreements"]
    assert [(one["people"]["by"], one["gap"]) for one in found] == [
        ("staff", 2),
        ("staff", 2),
        ("students", 2),
        *[("staff", 1)] * 6,
    ]
    assert found[1]["question"] == "E o [bold]dropout[/]?"
    assert found[1]["labels"][0] == {
        "role": "staff",
        "label": "I",
        "reason": "wrong",
        "comment": "a aula diz\x1b[31m o contrário",
        "judge_visible": False,
    }
    assert found[2]["question"] == QUESTION
    assert "key-" not in ran.out


async def test_the_table_reads_at_80_columns_and_teaches(terminal: Console, database: str) -> None:
    fill(database, SEMESTER)

    ran = await terminal.run("agreement", "--course", "redes")

    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80
    said = flat(ran.out)
    assert "Never read it alone: where 95 % are C, it is 0.19 at 93 % agreement." in said
    assert "students vote C (👍) or I (👎), never P" in said
    assert "judge and people agree on: all 88%" in said
    assert "1 tied: people contradict each other evenly." in said
    assert "2 failures of the judge, labelled or not: timeout 1, parse_error 1." in said
    assert "When to flag: small-judge, judge/1 (now: scores below 2)" in said
    assert "Proposed from 43 labels of staff, 15 of them P or I: flag scores below 3." in said
    assert "2. judge C (score 3), staff I" in said
    assert "asked E o [bold]dropout[/]?" in said
    assert "staff I, wrong: a aula diz[31m o contrário" in said
    assert "\x1b" not in ran.out
    assert QUESTION.strip() not in said


async def test_weak_answers_are_told_apart_where_their_passages_were_judged(terminal: Console, database: str) -> None:
    fill(database, [*[Row(score=0, staff="I")] * 12, *[Row(score=1)] * 5, *[Row(score=3, staff="C")] * 9])
    lecture = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.")
    await terminal.run("ingest", str(lecture), "--course", "redes")
    with psycopg.connect(database) as conn:
        conn.execute(
            """
            insert into answer_hits (answer_id, course_id, rank, segment_id)
            select a.id, a.course_id, 1, s.id from answers a cross join segments s
            """
        )
        conn.execute(
            """
            insert into jobs (kind, answer_id, course_id, probability, state, ended_at)
            select 'context', id, course_id, case when id % 2 = 0 then 0.05 end, 'done', now() from answers
            where id % 4 <> 3
            """
        )
        conn.execute(
            """
            insert into judgements (answer_id, course_id, kind, status, score, settings_version, model)
            select id, course_id, 'context', case when id % 8 = 0 then 'timeout' else 'ok' end,
                case when id % 8 <> 0 then id % 4 end, 0, 'small-judge' from answers where id % 4 <> 3
            """
        )

    shown, listed = await asyncio.gather(
        terminal.run("agreement", "--course", "redes"), terminal.run("agreement", "--course", "redes", "--json")
    )

    assert (shown.code, shown.err) == (0, "")
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "Weak answers: a bad search or a bad answer?" in shown.out
    faults = listed.document["faults"]
    assert [(one["weak"], one["n"], one["search"], one["answer"], one["missing"]) for one in faults.values()] == [
        (17, 11, 7, 4, 2),
        (12, 8, 5, 3, 1),
        (17, 6, 2, 4, 2),
    ]
    assert faults["judge"]["undrawn"] == 9
    assert faults["staff"]["interval"] == pytest.approx([0.306, 0.863], abs=0.001)
    assert "staff: P or I 12 8 5 (62%) 31%–86% – 3 1 3" in flat(shown.out)


async def test_all_correct_leaves_no_weak_answer_to_tell_apart(terminal: Console, database: str) -> None:
    fill(database, [Row(staff="C")] * 3)

    shown, listed = await asyncio.gather(
        terminal.run("agreement", "--course", "redes"), terminal.run("agreement", "--course", "redes", "--json")
    )

    assert "a bad search or a bad answer" not in shown.out
    assert {(one["weak"], one["search_share"], one["interval"]) for one in listed.document["faults"].values()} == {
        (0, None, None)
    }


async def test_a_configuration_keeps_its_figures_when_a_later_one_judges_again(
    terminal: Console, database: str
) -> None:
    fill(database, [Row(score=0, staff="C", model="old")] * 3)
    with psycopg.connect(database) as conn:
        for course, answer in conn.execute("select course_id, id from answers").fetchall():
            judge(conn, course, answer, Row(score=3, model="new"))

    document = (await terminal.run("agreement", "--course", "redes", "--json")).document

    assert document["groups"]["all"]["agreement"] == 1.0
    assert [(one["threshold"]["model"], one["figures"]["agreement"]) for one in document["configurations"]] == [
        ("new", 1.0),
        ("old", 0.0),
    ]


async def test_other_courses_do_not_count(terminal: Console, database: str) -> None:
    fill(database, [Row(score=0, staff="C")] * 3, slug="outro")
    fill(database, [Row(score=3, staff="C")])

    document = (await terminal.run("agreement", "--course", "redes", "--json")).document

    assert (document["n"], document["groups"]["all"]["agreement"]) == (1, 1.0)
    assert document["disagreements"] == []


async def test_an_empty_course_says_so_in_a_sentence(terminal: Console, database: str) -> None:
    fill(database, [])

    shown, listed, unknown = await asyncio.gather(
        terminal.run("agreement", "--course", "redes"),
        terminal.run("agreement", "--course", "redes", "--json"),
        terminal.run("agreement", "--course", "rede"),
    )

    assert flat(shown.out).startswith("Nothing to compare in 'redes' yet: no answer is judged")
    assert (listed.code, listed.document["n"], listed.document["threshold"]) == (0, 0, None)
    assert listed.document["groups"]["all"]["kappa_note"] == "undefined: nothing to compare"
    assert (unknown.code, unknown.out) == (1, "")


async def test_labels_without_a_judge_are_counted(terminal: Console, database: str) -> None:
    fill(database, [Row(status=None, staff="C")] * 2)

    shown = await terminal.run("agreement", "--course", "redes")

    assert (shown.code, shown.err) == (0, "")
    assert "all 0 – – – – – 2" in flat(shown.out)
    assert "2 labelled, not judged (answered 2)." in flat(shown.out)
