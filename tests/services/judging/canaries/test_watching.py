"""Canaries on a real database, with a judge on a real server that changes."""

import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from db import canaries as rows_of
from db.records import AnswerId
from services.courses.judge_settings import CourseJudging
from services.errors import Refused, Unavailable
from services.judging.canaries.keeping import Alerts
from services.judging.canaries.watching import Canaries
from services.judging.judge import Judge
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from services.research.learning import runs
from tests.fake_model import Behaviour, FakeModel, fake_model, replies, sends_json
from tests.services.research.learning.labelled import Labelled

PASSAGE = "a rede {0} tem 3 portas e o gradiente não some antes da camada {0} porque a memória {0} é longa"


async def fill(there: Labelled, *, answers: int = 24) -> list[AnswerId]:
    """Answers of all scores, each with a reference that the judge found supported, in lectures that share no words."""
    await there.run(
        """
        insert into lectures (course_id, slug, title, language, source)
        select 1, 'aula-' || n, 'Aula ' || n, 'pt', n || '.vtt' from generate_series(1, 2) n
        """
    )
    await there.run(
        """
        insert into transcripts
            (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
        select 1, id, 1, 'f' || id, 'webvtt', '{0}', '{60}', '{x}' from lectures
        """
    )
    stored = list[AnswerId]()
    for number in range(answers):
        said = (
            PASSAGE.format(number)
            if number % 2
            else f"Completamente diferente: convolução {number} desliza filtros 5 vezes"
        )
        answer = await there.answer(f"Pergunta {number}?", f"{said.capitalize()} [1].")
        await there.scores(number % 4, answer)
        await there.says("C" if number % 4 == 3 else "I", answer)
        await there.run(
            """
            with segment as (
                insert into segments
                    (course_id, lecture_id, transcript_id, position, start_s, end_s, text, cue_offsets, cue_starts_s)
                select 1, l.id, t.id, %(number)s, 0, 60, %(said)s, '{0}', '{0}'
                from lectures l join transcripts t on t.lecture_id = l.id
                where l.id = %(number)s %% 2 + 1 returning id
            ), hit as (
                insert into answer_hits (answer_id, course_id, rank, segment_id)
                select %(answer)s, 1, 1, id from segment
            ), cited as (
                insert into answer_references (answer_id, course_id, number, segment_id, start_s, end_s, quote)
                select %(answer)s, 1, 1, id, 0, 60, 'q' from segment
            ), judged as (
                insert into judgements (answer_id, course_id, kind, status, settings_version, model)
                values (%(answer)s, 1, 'support', 'ok', 0, 'juiz') returning id
            )
            insert into reference_judgements (judgement_id, course_id, number, support, quote, is_found)
            select id, 1, 1, 'full', 'q', true from judged
            """,
            number=number,
            said=said,
            answer=answer,
        )
        stored.append(answer)
    return stored


def judging(score: Callable[[int], int], *, catches: bool = True) -> Behaviour:
    """Score by the number in the question; hold sentences against passages word by word, or believe them."""

    def reply(prompt: str) -> str:
        if claim := re.search(r"Claim: (.*)\nPassage: (.*)", prompt):
            is_right = not catches or claim[1].lower().strip(" .") in claim[2].lower()
            words = " ".join(claim[2].split()[:3])
            row = {"number": 1, "quote": words, "support": "full" if is_right else "none"}
            return json.dumps({"references": [row]})
        asked = re.search(r"Pergunta (\d+)", prompt)
        assert asked
        return json.dumps({"criteria": "a", "supporting_evidence": "b", "score": score(int(asked[1]))})

    return replies(reply)


def usual(number: int) -> int:
    return number % 4


def harsher(number: int) -> int:
    return max(number % 4 - 1, 0)


@asynccontextmanager
async def watching(
    there: Labelled, behaviour: Behaviour, *, model: str = "juiz"
) -> AsyncGenerator[tuple[Canaries, FakeModel], None]:
    async with (
        fake_model(behaviour) as server,
        ChatModel(LlmConfig(model=model, base_url=server.base_url), longest_wait_s=0.0) as chat,
    ):
        yield Canaries(there.pool, Judge(chat, time_limit_s=30.0)), server


async def test_twenty_are_kept_across_scores_and_twenty_made_wrong_in_each_way(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual)) as (canaries, _):
        found = (await canaries.watch(labelled.course)).watched

    assert (len(found.scores), len(found.caught), found.missing) == (20, 20, 0)
    assert found.missed == set()
    kinds = await labelled.rows("select distinct kind from canaries order by 1")
    assert kinds == [("kept",), ("lecture",), ("negation",), ("number",), ("order",)]
    assert await labelled.rows("select count(distinct score) from canary_verdicts where score is not null") == [(4,)]


async def test_a_judge_that_stays_as_it_is_alarms_nobody(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual)) as (canaries, _):
        first = (await canaries.watch(labelled.course)).watched
        second = (await canaries.watch(labelled.course)).watched

    assert (first.shift, first.is_alarming) == (None, False)
    assert second.shift is not None
    assert (second.shift.n, second.shift.mean, second.is_alarming) == (20, 0, False)
    assert await Alerts(labelled.pool).due() == []


async def test_a_drift_under_the_same_name_is_found_and_told_once(labelled: Labelled) -> None:
    await fill(labelled)
    await labelled.run("insert into course_settings (course_id, guild_id, staff_channel_id) values (1, 7, 70)")
    async with watching(labelled, judging(usual)) as (canaries, _):
        await canaries.watch(labelled.course)
    async with watching(labelled, judging(harsher)) as (canaries, _):
        drifted = (await canaries.watch(labelled.course)).watched
        again = (await canaries.watch(labelled.course)).watched
    alerts = Alerts(labelled.pool)
    [due] = await alerts.due()
    assert await alerts.due() == []  # somebody is telling it
    await alerts.told(due.alert)
    await labelled.run("update judge_alerts set claimed_until = '-infinity'")

    assert (drifted.is_shift_news, again.is_shift_news) == (True, False)
    assert (due.staff_channel_id, due.alert.kind, due.alert.n) == (70, "shift", 20)
    assert due.alert.model == "juiz (fake-1)"
    assert due.alert.shift is not None
    assert due.alert.shift == pytest.approx(-0.75, abs=0.1)
    assert await alerts.due() == []


async def test_a_judge_that_believes_everything_is_told(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual, catches=False)) as (canaries, _):
        found = (await canaries.watch(labelled.course)).watched

    assert len(found.missed) == len(found.caught) == 20
    assert await labelled.rows("select kind, part, n from judge_alerts") == [("missed", 20, 20)]
    [run] = [one.run for one in await runs.listed(labelled.pool, labelled.course)]
    assert (run.kind, run.outcome, run.n, run.figures["missed"]["value"]) == ("canary", "alarming", 40, 20)
    assert run.tokens == 18 * (4 * 20 + 20)
    assert await labelled.rows("select distinct purpose from model_calls") == [("canary",)]


async def test_they_are_due_at_first_after_a_week_and_after_each_change(labelled: Labelled) -> None:
    async with watching(labelled, judging(usual)) as (canaries, _):
        nothing_there = await canaries.is_due(labelled.course)
        await fill(labelled)
        at_first = await canaries.is_due(labelled.course)
        await canaries.round()
        now = await canaries.is_due(labelled.course)
        await labelled.run(
            """
            insert into model_calls (answer_id, course_id, kind, model_asked, model, prompt_id, prompt_sha256,
                parameters, latency_ms, status)
            values (1, 1, 'relevance', 'juiz', 'fake-2', 'judge/2', 'x', '{}', 1, 'ok')
            """
        )
        renamed = await canaries.is_due(labelled.course)
        await labelled.run("delete from model_calls where model = 'fake-2'")
        await labelled.run("alter table judge_runs disable trigger judge_runs_stay")
        await labelled.run("update judge_runs set made_at = made_at - interval '7 days'")
        after_a_week = await canaries.is_due(labelled.course)
    async with watching(labelled, judging(usual), model="outro") as (canaries, _):
        other_model = await canaries.is_due(labelled.course)

    assert [nothing_there, at_first, now] == [False, True, False]
    assert [renamed, after_a_week, other_model] == [True, True, True]


async def test_after_a_change_they_are_compared_with_the_judge_before(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual)) as (canaries, _):
        await canaries.watch(labelled.course)
    async with watching(labelled, judging(harsher), model="outro") as (canaries, _):
        found = (await canaries.watch(labelled.course)).watched

    assert (found.is_same, found.is_shift_news) == (False, True)


async def test_a_canary_goes_with_its_answer_and_another_takes_its_place(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual)) as (canaries, _):
        await canaries.watch(labelled.course)
        await labelled.run("delete from questions where id <= 2")
        found = (await canaries.watch(labelled.course)).watched

    assert (len(found.scores), len(found.caught), found.is_alarming) == (20, 20, False)
    assert found.shift is not None
    assert found.shift.n == 18


async def test_trouble_is_told_in_a_sentence_and_changes_nothing(labelled: Labelled) -> None:
    async with watching(labelled, judging(usual)) as (canaries, _):
        with pytest.raises(Refused, match="no judged answer yet"):
            await canaries.watch(labelled.course)
    await fill(labelled)
    async with watching(labelled, sends_json({"error": {}}, status=401)) as (canaries, _):
        with pytest.raises(Unavailable, match="refuses the key"):
            await canaries.watch(labelled.course)
        await canaries.round()  # says so in the log, and goes on
    await CourseJudging(labelled.pool).change(labelled.course, {"daily_tokens": 1_000})
    async with watching(labelled, judging(usual)) as (canaries, server):
        with pytest.raises(Refused, match="stop at half of the judge's budget"):
            await canaries.watch(labelled.course)

    assert (server.requests, await labelled.rows("select from judge_runs")) == ([], [])


async def test_the_judge_always_has_half_of_the_budget_for_itself(labelled: Labelled) -> None:
    await fill(labelled)
    await CourseJudging(labelled.pool).change(labelled.course, {"daily_tokens": 80_000})
    await labelled.run("insert into judge_spending values (1, (now() at time zone 'UTC')::date, 40_000)")
    async with watching(labelled, judging(usual)) as (canaries, server):
        with pytest.raises(Refused, match="stop at half of the judge's budget"):
            await canaries.watch(labelled.course)

    assert server.requests == []


async def test_two_at_once_are_refused(labelled: Labelled) -> None:
    await fill(labelled)
    async with watching(labelled, judging(usual)) as (canaries, _), labelled.pool.connection() as conn:
        assert await rows_of.try_lock(conn, labelled.course.id)
        with pytest.raises(Refused, match="are being judged already"):
            await canaries.watch(labelled.course)
        await rows_of.unlock(conn, labelled.course.id)
