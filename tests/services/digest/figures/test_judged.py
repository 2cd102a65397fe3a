"""What the judge adds: weak answers, its own changes, second opinions."""

from datetime import timedelta

import pytest

from bot.discord.messages import digest_embed
from services.digest.page import pages
from services.digest.page.sheet import sheet
from tests.services.digest.figures.term import MONDAY, Term


async def test_weak_answers_of_the_week_are_told_apart(term: Term) -> None:
    for when in (MONDAY, MONDAY, MONDAY, MONDAY - timedelta(days=7)):
        await term.ask(when, outcome="answered")
    await term.write(
        """
        with found as (
            insert into answer_hits (answer_id, course_id, rank, segment_id)
            select a.id, a.course_id, 1, (select min(id) from segments) from answers a on conflict do nothing
        ), promised as (
            insert into jobs (kind, answer_id, course_id, state, ended_at)
            select 'context', id, course_id, 'done', now() from answers
        )
        insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)
        select a.id, a.course_id, k.kind, case when k.score is null then 'timeout' else 'ok' end, k.score,
            case k.kind when 'relevance' then 'I' end, 0, 'juiz'
        from answers a cross join lateral (values
            ('relevance', 1), ('context', case when a.id % 3 = 0 then null else a.id % 3 end)
        ) as k (kind, score)
        """
    )

    digest = await term.told()

    assert digest.faults is not None
    assert (digest.faults.weak, digest.faults.n, digest.faults.missing) == (3, 2, 1)
    assert (digest.faults.search, digest.faults.answer) == (1, 1)
    told = "Weak answers with judged passages: 2. The search failed in 1 (50%; 95%: "
    for shown in (pages.text(digest, "en"), pages.html(digest, "en")):
        assert told in shown
        assert "the answer in 1. Without a verdict: 1." in shown
    fields = [field.value or "" for field in digest_embed.embed(digest, "en").fields]
    assert told in "\n".join(fields).replace("\\", "")


async def test_a_week_without_weak_answers_says_nothing_of_them(term: Term) -> None:
    await term.ask(MONDAY)

    digest = await term.told()

    assert digest.faults is None
    assert sheet(digest, "pt-BR").faults is None


async def test_what_the_canaries_found_in_the_week_is_told(term: Term) -> None:
    await term.ask(MONDAY)
    await term.write(
        """
        with measured as (
            insert into judge_runs (course_id, kind, labels, half, n, missing, figures)
            select 1, 'canary', 'IIPC', 'all', 20, 0, '{}' from generate_series(1, 2) returning id
        )
        insert into judge_alerts (course_id, run_id, kind, model, shift, part, n, made_at)
        select 1, id, 'shift', 'juiz', 0.5, 0, 20,
            case when id = 1 then %(when)s else %(before)s end::timestamptz from measured
        """,
        when=MONDAY + timedelta(days=1),
        before=MONDAY - timedelta(days=1),
    )

    digest = await term.told()

    assert [(one.kind, one.model, one.shift) for one in digest.alerts] == [("shift", "juiz", 0.5)]
    told = f"The judge has changed: on {MONDAY + timedelta(days=1):%Y-%m-%d} (UTC), juiz scored 20 frozen answers 0.5"
    assert told in pages.text(digest, "en")
    assert told in pages.html(digest, "en")
    shown = [field.value or "" for field in digest_embed.embed(digest, "en").fields]
    assert told in "\n".join(shown).replace("\\", "")


async def test_second_opinions_are_counted_with_what_is_missing_and_change_no_mean(term: Term) -> None:
    for score in (1, 2, 2, 3):
        await term.ask(MONDAY, score=score)
    before = await term.told()
    # Of the three at the threshold one agrees, one is split, one gave no score; an older one stands beside nothing now.
    await term.write(
        """
        insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model, first_id,
            asked_for, spread, is_split)
        select answer_id, 1, 'second', case when at = 3 then 'refusal' else 'ok' end,
            case at when 1 then 1 when 2 then 0 end, case when at < 3 then 'I' end, 0, 'revisor', id, 'threshold',
            case at when 1 then 0 when 2 then 2 end, case at when 1 then false when 2 then true end
        from (select *, row_number() over (order by id) as at from judgements) j where at < 4
        """
    )
    await term.write(
        "insert into model_calls (answer_id, course_id, kind, purpose, model_asked, prompt_id, prompt_sha256,"
        " parameters, output, tokens_in, tokens_out, latency_ms, status, called_at) select 1, 1, 'second', 'second',"
        " 'revisor', 'second/1', '', '{}', 'x', 900, 90, 1, 'ok', %(when)s",
        when=MONDAY,
    )
    told = await term.told()

    assert before.second_opinions is None
    assert told.second_opinions is not None
    heard = told.second_opinions
    assert (heard.asked, heard.scored, heard.split, heard.tokens, heard.uncounted) == (3, 2, 1, 990, 0)
    assert (heard.low, heard.high) == pytest.approx((0.095, 0.905), abs=0.001)
    assert (told.relevance, told.agreement) == (before.relevance, before.agreement)
    assert told.cost.tokens_in == before.cost.tokens_in + 900


async def test_an_opinion_on_a_judgement_of_before_is_not_counted(term: Term) -> None:
    await term.ask(MONDAY, score=2)
    await term.write(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model, first_id,"
        " asked_for, spread, is_split) select answer_id, 1, 'second', 'ok', 0, 'I', 0, 'revisor', id, 'chance', 2, true"
        " from judgements"
    )
    await term.write(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)"
        " select answer_id, 1, 'relevance', 'ok', 3, 'C', 0, 'juiz' from judgements where kind = 'relevance'"
    )

    assert (await term.told()).second_opinions is None
