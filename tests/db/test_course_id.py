"""
Every row of a course and every statement on such rows name the course, so that a course can live anywhere.

That keeps one course's students out of another's answers, and it is what a database that is spread over machines by
`course_id` asks for (docs/scale.md). What does not is listed here, each with its reason.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from psycopg import AsyncConnection

ROOT = Path(__file__).parents[2]

NOT_OF_A_COURSE = {
    "schema_migrations": "which migrations were applied",
    "courses": "a row is a course",
    "generations": "a model serves all courses; a copy on every machine",
    "secrets": "keys of this installation",
    "watermarks": "how far each channel of Discord was read, whichever course it belongs to",
    "breakers": "trouble of the judge's endpoint, which all courses share",
    "handled_interactions": "presses that a replica has taken; nobody knows yet of which course",
    "edits": "who edits which message of Discord at this moment",
    "orphan_cards": "messages whose rows, and thereby courses, are gone",
    "orphan_messages": "messages whose rows, and thereby courses, are gone",
    "review_reasons": "goes with its item, which names the course: add the column to spread it",
}

ACROSS_COURSES = {
    # Which course is meant is what is asked.
    ("answers.py", "course_of"): "an operator knows an answer's number only",
    ("bindings.py", "delete"): "a channel is given, and belongs to one course at most",
    ("bindings.py", "nearest"): "a channel is given, its course is looked for",
    ("bindings.py", "of_guilds"): "a server's channels, of all its courses",
    ("course_settings.py", "of_guild"): "a server's courses",
    ("course_settings.py", "of_staff_channel"): "a channel is given, its course is looked for",
    ("people.py", "direct_course"): "a person is given, the course of their direct messages is looked for",
    ("privacy.py", "courses_of_guild"): "a server's courses",
    ("deliveries.py", "by_source"): "a message of Discord is given",
    ("deliveries.py", "of_question"): "a question was claimed, of whichever course",
    ("deliveries.py", "release"): "a question was claimed, of whichever course",
    ("deliveries.py", "renew"): "messages of Discord are given",
    ("showings.py", "of_message"): "a message of Discord is given",
    # The oldest work of all courses.
    ("deliveries.py", "claim"): "a process delivers for all courses",
    ("jobs.py", "claim"): "a worker works for all courses",
    ("showings.py", "claim_due"): "a process edits for all courses",
    ("showings.py", "claim_lost"): "a process edits for all courses",
    ("put_off.py", "changed"): "a process edits for all courses, when their moment has come",
    # What an operator reads or sweeps up.
    ("backups.py", "_contents"): "what an archive holds",
    ("fillings.py", "searched"): "a metric of the whole database",
    ("fillings.py", "signs"): "whether any course may have segments without a vector",
    ("generations.py", "sweep_retired"): "what belongs to a model that is gone",
    ("jobs.py", "counts"): "a metric of the whole database",
    ("map_jobs.py", "counts"): "a metric of the whole database",
    ("kept.py", "open_draft"): "forms that nobody sent for a week",
}

DEFINED = re.compile(r"create table (\w+) \((.*?)\n\);", re.DOTALL)
STATEMENT = re.compile(r"\b(?:select|insert into|update|delete from|copy)\b")
NAMES_ITS_COURSE = re.compile(
    r"course_id (?:=|in\b)"
    r"|using \([^)]*\bcourse_id\b"
    r"|(?:insert into|copy) \w+(?: as \w+)?\s*\([^)]*\bcourse_id\b"
)


def statements() -> Iterator[tuple[str, str, str]]:
    """Yield each SQL literal of db/, with its file and the function that it stands in."""
    for file in sorted((ROOT / "db").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.search(node.value):
                yield file.name, _function(tree, node.lineno), node.value


def _function(tree: ast.Module, line: int) -> str:
    around = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return around[-1] if around else ""


def of_a_course() -> set[str]:
    """The tables whose rows belong to a course."""
    files = sorted((ROOT / "db" / "migrations").glob("*.sql"))
    created = [found for file in files for found in DEFINED.findall(file.read_text("utf-8"))]
    return {name for name, columns in created if re.search(r"^\s+course_id ", columns, re.MULTILINE)}


async def test_every_table_carries_its_course_or_says_why_not(conn: AsyncConnection) -> None:
    cursor = await conn.execute(
        """
        select c.relname, bool_or(a.attname = 'course_id') from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by 1
        """
    )
    carries: dict[str, bool] = dict(await cursor.fetchall())

    assert {table for table, does in carries.items() if not does} == set(NOT_OF_A_COURSE) & set(carries)
    assert {table for table, does in carries.items() if does} == of_a_course() & set(carries)


def test_every_statement_on_a_course_names_it_or_says_why_not() -> None:
    tables = "|".join(of_a_course())
    touches = re.compile(rf"\b(?:from|join|into|update|using|copy) (?:{tables})\b")

    across = {
        (file, function)
        for file, function, sql in statements()
        if touches.search(sql) and not NAMES_ITS_COURSE.search(sql)
    }

    assert across == set(ACROSS_COURSES)


def test_a_search_reads_no_table_without_its_course() -> None:
    """The statement that must be answered by one machine: it names the course once for each table that it reads."""
    (search,) = [sql for file, _, sql in statements() if file == "search.py"]
    tables = "|".join(of_a_course())

    read = re.findall(rf"\b(?:from|join) (?:{tables})\b", search)

    assert len(read) <= len(re.findall(r"course_id = %\(course\)s", search))
