"""`monitoria queue`: what waits and what is dead, of the judge and of the maps, and how it is put back."""

import re

import psycopg
import pytest

from tests.bot.console import Console, captions, flat
from tests.bot.terminal.test_judge import course, rows

MAP = "redes/aula-1"


def bury(terminal: Console, reason: str) -> None:
    """Let all maps be dead for two hours."""
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        conn.execute(
            "update map_jobs set state = 'dead', attempts = 5, reason = %s, run_at = now() - interval '2 hours'",
            [reason],
        )


async def mapped(terminal: Console) -> None:
    """Take in a lecture without a model: its map is cut, and would be written by one."""
    file = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", "Por isso a LSTM.")
    assert (await terminal.run("ingest", str(file), "--course", "redes")).code == 0


async def test_dead_judgements_are_shown_and_put_back(terminal: Console) -> None:
    async with course(terminal) as (there, _):
        with psycopg.connect(there.variables["DATABASE_URL"]) as conn:
            conn.execute("update jobs set state = 'dead', ended_at = now(), reason = 'HTTP 500' where kind = 'support'")
        shown = await there.run("queue", "--course", "redes")
        [(job, answer)] = rows(there, "select id, answer_id from jobs where state = 'dead'")
        unknown = await there.run("queue", "--requeue", "999")
        put_back = await there.run("queue", "--requeue", str(job))

    assert re.search(rf"{job} support of answer {answer} in redes: dead for \d+ \w+, 0 tries HTTP 500", flat(shown.out))
    assert "Judgements: 1 waiting, 0 running, 1 dead." in shown.out
    assert (unknown.code, flat(unknown.err)) == (
        1,
        "There is no dead job '999'; `monitoria queue` shows those that there are.",
    )
    assert "1 put back into the queue." in put_back.out
    assert "Judgements: 2 waiting, 0 running, 0 dead." in put_back.out


async def test_a_dead_map_is_told_with_its_lecture_since_when_and_why(terminal: Console) -> None:
    await mapped(terminal)
    bury(terminal, "ValueError: nothing\nis said there")
    shown = await terminal.run("queue")
    doctor = await terminal.run("doctor", "--json")
    map_ = await terminal.run("map", "aula-1", "--course", "redes")

    lines = shown.out.splitlines()
    assert "Maps of lectures: 0 waiting, 0 running, 1 dead." in lines
    assert f"  {MAP}  write: dead for 2 h, 5 tries" in lines
    assert "      ValueError: nothing is said there" in lines
    assert "monitoria queue --requeue JOB, or --requeue-all" in flat(shown.out)
    [told] = [check for check in doctor.document["checks"] if check["name"] == "maps"]
    assert (doctor.code, told["state"], told["detail"]) == (0, "note", "1 was given up, 0 wait.")
    assert told["advice"] == (
        "`monitoria queue` says why; once the cause is gone, `monitoria queue --requeue-all` has them tried again."
    )
    assert "was given up; `monitoria queue` says why." in flat(map_.out)


@pytest.mark.parametrize("how", [("--requeue", MAP), ("--requeue-all",), ("--requeue-all", "--course", "redes")])
async def test_a_dead_map_is_put_back_by_its_name_or_with_all(terminal: Console, how: tuple[str, ...]) -> None:
    await mapped(terminal)
    bury(terminal, "it broke")
    put_back = await terminal.run("queue", *how)

    assert (put_back.code, flat(put_back.out)) == (
        0,
        "1 put back into the queue. Judgements: 0 waiting, 0 running, 0 dead.",
    )
    assert rows(terminal, "select state, attempts from map_jobs") == [("waiting", 0)]


@pytest.mark.parametrize("job", ["redes/aula-2", "outra/aula-1", "aula-1", "-1", "9" * 30, "٣"])
async def test_a_job_that_is_none_is_refused_in_a_sentence(terminal: Console, job: str) -> None:
    await mapped(terminal)
    bury(terminal, "it broke")
    ran = await terminal.run("queue", f"--requeue={job}")

    assert (ran.code, ran.out) == (1, "")
    assert "There is no dead job" in flat(ran.err)


async def test_one_job_and_all_jobs_are_not_asked_for_together(terminal: Console) -> None:
    ran = await terminal.run("queue", "--requeue", "1", "--requeue-all")

    assert ran.code == 2
    assert "exclude each other" in flat(ran.err)


async def test_maps_wait_for_a_model_only_where_there_is_one(terminal: Console) -> None:
    await mapped(terminal)
    without = await terminal.run("queue")
    there = await terminal.having(OPENAI_BASE_URL="http://127.0.0.1:1/v1").run("queue")

    assert flat(without.out) == "Judgements: 0 waiting, 0 running, 0 dead."
    assert "Maps of lectures: 1 waiting, 0 running, 0 dead." in there.out
    assert re.search(rf"{MAP} write: waiting in \d+ \w+, 0 tries", flat(there.out))
