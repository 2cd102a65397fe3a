"""`monitoria doctor`: what is wrong, and that one thing wrong does not hide the rest."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from db.migrate import MIGRATIONS, migrate
from tests.bot.console import Console, Ran, console, flat
from tests.fake_model import fake_model, says

NOWHERE = "http://127.0.0.1:1/v1"
UNREACHABLE = "postgresql://ana:s3cret@127.0.0.1:1/monitoria"


def checks(ran: Ran) -> dict[str, dict[str, Any]]:
    assert list(ran.document) == ["checks"]
    assert all(list(check) == ["name", "state", "detail", "advice"] for check in ran.document["checks"])
    assert all(check["state"] in {"ok", "note", "failed"} for check in ran.document["checks"])
    return {check["name"]: check for check in ran.document["checks"]}


async def test_on_a_fresh_home_it_tells_what_to_do_next(detached: Console) -> None:
    first = await detached.run("doctor")
    again = await detached.run("doctor", "--json")

    assert (first.code, first.err) == (0, "")
    assert "embedded database: PostgreSQL" in flat(first.out)
    assert "none yet. Try `monitoria demo` first, or create one" in flat(first.out)
    assert (again.code, again.err) == (0, "")
    found = checks(again)
    assert list(found) == [
        "python",
        "home",
        "database",
        "schema",
        "embedding",
        "vectors",
        "translation",
        "courses",
        "judgements",
        "maps",
        "answers",
        "judge",
    ]
    assert {name for name, check in found.items() if check["state"] == "failed"} == set()


async def test_a_new_database_is_no_fault_and_neither_is_a_new_course(
    tmp_path: Path, empty_database: str, forks: Sequence[str]
) -> None:
    there = console(tmp_path, forks, DATABASE_URL=empty_database)
    first = await there.run("doctor", "--json")
    wanted = await there.having(MONITORIA_EMBEDDING_MODEL=str(tmp_path / "no-model")).run("doctor", "--json")
    await there.run("course", "create", "redes", "--title", "Redes")
    then = await there.run("doctor", "--json")

    found = checks(first)
    assert first.code == 0
    assert (found["schema"]["state"], found["schema"]["detail"]) == ("ok", "new: this command makes it")
    assert "not created" not in found["database"]["detail"]
    assert checks(wanted)["vectors"]["detail"] == "none needed yet: no lecture has been taken in"
    assert checks(wanted)["vectors"]["state"] == "ok"
    assert checks(then)["schema"]["detail"] == "up to date"
    assert checks(then)["course redes"]["advice"] == "Take some in: monitoria ingest PATH --course redes"


async def test_a_schema_that_is_behind_is_told_with_what_becomes_of_it(
    tmp_path: Path, empty_database: str, forks: Sequence[str]
) -> None:
    *older, last = sorted(MIGRATIONS.glob("*.sql"))
    folder = tmp_path / "older"
    folder.mkdir()
    for file in older:
        shutil.copy(file, folder)
    await migrate(empty_database, folder=folder)
    there = console(tmp_path, forks, DATABASE_URL=empty_database)
    schema = checks(await there.run("doctor", "--json"))["schema"]

    assert schema["detail"] == f"1 migration had not been applied yet: {last.stem}."
    assert schema["advice"] == "This command has it done now, as any other would; nothing is left to do."


async def test_segments_without_any_vector_are_counted_as_such(sampled: Console) -> None:
    wanted = sampled.having(MONITORIA_EMBEDDING_MODEL=str(sampled.folder / "no-model"))
    ran, none = await wanted.run("doctor", "--json"), await sampled.run("doctor", "--json")

    vectors = checks(ran)["vectors"]
    assert vectors["state"] == "note"
    assert "segments have none, and are found by words only." in vectors["detail"]
    assert "monitoria reindex" in vectors["advice"]
    assert (checks(none)["vectors"]["state"], checks(none)["vectors"]["detail"]) == (
        "ok",
        "not searched, as configured",
    )


async def test_a_home_that_is_a_file_is_no_home(terminal: Console, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ran = await terminal.having(MONITORIA_HOME=str(file / "home")).run("doctor", "--json")

    assert (ran.code, checks(ran)["home"]["detail"]) == (1, f"{file} is no folder.")


async def test_what_is_for_copying_stays_whole_in_a_narrow_terminal(terminal: Console) -> None:
    ran = await terminal.having(COLUMNS="40").run("doctor")

    assert "…" not in ran.out
    assert "MONITORIA_EMBEDDING_MODEL" in "".join(ran.out.split())


async def test_an_unreachable_database_does_not_hide_the_rest(detached: Console) -> None:
    async with fake_model(says("OK")) as model:
        there = detached.having(DATABASE_URL=UNREACHABLE, OPENAI_BASE_URL=model.base_url)
        shown, listed = await asyncio.gather(there.run("doctor"), there.run("doctor", "--json"))

    assert (shown.code, listed.code) == (1, 1)
    found = checks(listed)
    assert {name: check["state"] for name, check in found.items()} == {
        "python": "ok",
        "home": "ok",
        "database": "failed",
        "answers": "ok",
        "judge": "ok",
    }
    assert "cannot be reached" in found["database"]["detail"]
    assert "s3cret" not in shown.out + shown.err + listed.out + listed.err
    assert "✘ database" in flat(shown.out)


async def test_an_answering_model_that_is_down_fails_beside_the_rest(sampled: Console) -> None:
    ran = await sampled.having(OPENAI_BASE_URL=NOWHERE).run("doctor", "--json")

    assert ran.code == 1
    found = checks(ran)
    assert {name for name, check in found.items() if check["state"] == "failed"} == {"answers"}
    assert "cannot be reached" in found["answers"]["detail"]
    assert found["course redes"]["detail"] == "7 lectures"


async def test_an_address_that_is_none_fails_beside_the_rest(sampled: Console) -> None:
    ran = await sampled.having(OPENAI_BASE_URL="localhost:8000/v1").run("doctor", "--json")
    found = checks(ran)

    assert ran.code == 1
    assert [name for name, check in found.items() if check["state"] == "failed"] == ["answers"]
    assert found["answers"]["detail"] == (
        "OPENAI_BASE_URL is no address of a server; write one such as http://localhost:8000/v1."
    )
    assert {"course redes", "judgements", "maps"} < found.keys()


async def test_a_judge_of_its_own_that_is_down_is_named(terminal: Console) -> None:
    async with fake_model(says("OK")) as model:
        there = terminal.having(OPENAI_BASE_URL=model.base_url, MONITORIA_JUDGE_BASE_URL=NOWHERE)
        ran = await there.run("doctor", "--json")

    found = checks(ran)
    assert ran.code == 1
    assert {name for name, check in found.items() if check["state"] == "failed"} == {"judge"}


async def test_who_gives_second_opinions_is_told_where_there_are_any(terminal: Console) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    async with fake_model(says("OK")) as model:
        there = terminal.having(OPENAI_BASE_URL=model.base_url)
        none = await there.run("doctor", "--json")
        await there.run("course", "judge", "redes", "--second-opinion", "on")
        same = await there.having(MONITORIA_SECOND_JUDGE_MODEL="gpt-5-mini").run("doctor", "--json")
        other = await there.having(MONITORIA_SECOND_JUDGE_BASE_URL=NOWHERE).run("doctor", "--json")

    assert "second opinions" not in checks(none)
    told = checks(same)["second opinions"]
    assert (same.code, told["state"]) == (0, "note")
    assert "the model that judges, asked the other way round" in told["detail"]
    assert (other.code, checks(other)["second opinions"]["state"]) == (1, "failed")


async def test_the_models_are_asked_real_questions_where_that_is_wanted(detached: Console) -> None:
    async with fake_model(says("[THINK]hm[/THINK]O dropout desliga neurônios sorteados no treino [1].")) as model:
        there = detached.having(DATABASE_URL=UNREACHABLE, OPENAI_BASE_URL=model.base_url)
        ran = await there.run("doctor", "--models", "--json")

    found = checks(ran)
    assert ran.code == 1
    assert found["answers: marks"]["state"] == "ok"
    assert found["answers: abstention"]["state"] == "failed"
    assert found["answers: thoughts"]["state"] == "note"
    assert "--reasoning-parser" in found["answers: thoughts"]["advice"]
    assert found["judge: judging"]["state"] == "failed"
