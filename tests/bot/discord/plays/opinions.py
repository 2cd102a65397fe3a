"""What is written down of how a course's answers were judged, and what must be true of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services import i18n
from services.digest.posting.weeks import period, week_of, zone_named
from services.research import agreement
from tests.bot.discord.plays import jury
from tests.bot.discord.plays.facts import Facts
from tests.bot.discord.plays.play import Play

WIDE = 2
"""Points between two scores that are split at any threshold."""
SURELY_S = 0.5
"""Who began so much earlier has come first: times in the database are those of a transaction's beginning."""
JUDGED = {"answered", "no_material"}
SURE = 5
"""Kills and cuts that one judgement survives for certain."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One judgement, of relevance or beside one of these."""

    id: int
    answer_id: int
    kind: str
    status: str
    score: int | None
    model: str
    first_id: int | None
    asked_for: str | None
    spread: int | None
    is_split: bool | None
    version: int  # of the course's rules
    at: float


@dataclass(frozen=True, kw_only=True)
class Version:
    """A course's rules, as they were for a while."""

    asks_a_second: bool
    share: float
    flag_below: int


@dataclass(frozen=True, kw_only=True)
class Opinions:
    """All of a course."""

    judged: list[Judged]
    versions: dict[int, Version]
    dead: set[tuple[int, str]]  # jobs that were given up, by answer and kind
    labelled: dict[int, list[float]]  # by answer: when staff labelled it
    settled: dict[int, list[float]]  # by answer: when staff settled a card of it
    against: set[tuple[int, str]]  # answers and thumbs that staff have not settled since, down "I", up "C"
    reasons: dict[int, set[str]]  # by answer: why it is before staff now
    spent: int  # tokens of the day
    compared: tuple[int, int]  # by `monitoria agreement`: with a second opinion, and with two scores
    digested: tuple[int, int, int]  # by the week's digest: as above, and split

    def first(self, answer: int) -> Judged | None:
        """The judgement of relevance that counts."""
        return next((one for one in reversed(self.judged) if (one.answer_id, one.kind) == (answer, "relevance")), None)

    def kinds(self) -> Iterator[str]:
        """What each judgement is, to be counted."""
        for one in self.judged:
            yield f"[{one.kind}{'' if one.score is not None or one.status == 'ok' else f' {one.status}'}]"
            if one.is_split:
                yield "[split]"

    def beside(self, first: int) -> list[Judged]:
        return [one for one in self.judged if one.first_id == first]


async def opinions(play: Play) -> Opinions:
    """Read what is written down."""
    return Opinions(
        judged=await _judged(play),
        versions={
            number: Version(asks_a_second=asks, share=share, flag_below=below)
            for number, asks, share, below in await play.look(
                "select version, second_opinion, second_opinion_share, flag_below from judge_settings "
                "where course_id = %(course)s"
            )
        },
        dead=set(await play.look("select answer_id, kind from jobs where course_id = %(course)s and state = 'dead'")),
        labelled=dict(
            await play.look(
                "select answer_id, array_agg(extract(epoch from created_at)::float8) from annotations "
                "where course_id = %(course)s and role = 'staff' group by answer_id"
            )
        ),
        settled=dict(
            await play.look(
                "select answer_id, array_agg(extract(epoch from settled_at)::float8) from review_items "
                "where course_id = %(course)s and verdict <> 'gone' group by answer_id"
            )
        ),
        against=await _against(play),
        reasons={
            answer: set(reasons)
            for answer, reasons in await play.look(
                "select answer_id, array_agg(reason) from review_items i join review_reasons on item_id = i.id "
                "where course_id = %(course)s and settled_at is null group by answer_id"
            )
        },
        compared=await _compared(play) if play.is_judged else (0, 0),
        digested=await _digested(play) if play.is_judged else (0, 0, 0),
        spent=sum(
            int(tokens)
            for (tokens,) in await play.look("select tokens from judge_spending where course_id = %(course)s")
        ),
    )


async def _judged(play: Play) -> list[Judged]:
    return [
        Judged(
            id=row[0],
            answer_id=row[1],
            kind=row[2],
            status=row[3],
            score=row[4],
            model=row[5],
            first_id=row[6],
            asked_for=row[7],
            spread=row[8],
            is_split=row[9],
            version=row[10],
            at=row[11],
        )
        for row in await play.look(
            "select id, answer_id, kind, status, score, model, first_id, asked_for, spread, is_split, "
            "settings_version, extract(epoch from judged_at)::float8 from judgements "
            "where course_id = %(course)s order by id"
        )
    ]


async def _against(play: Play) -> set[tuple[int, str]]:
    return {
        (answer, label)
        for answer, label in await play.look(
            "select answer_id, label from annotations a where course_id = %(course)s and role = 'student' "
            "and not exists (select from review_items i where i.answer_id = a.answer_id "
            "and i.settled_at >= a.changed_at and i.verdict <> 'gone' "
            "and not exists (select from second_look_items where item_id = i.id))"
        )
    }


async def _compared(play: Play) -> tuple[int, int]:
    measured = await agreement.measure(play.stage.outside.pool, play.course)
    pairs = measured.groups.get("judge, second opinion")
    return (pairs.labelled, pairs.n) if pairs else (0, 0)


async def _digested(play: Play) -> tuple[int, int, int]:
    """Read what the digest says of this week, as it would on Monday."""
    week = period(week_of(datetime.now(UTC).date()), zone_named("UTC"))
    told = (await play.stage.outside.digests.tell(play.course, week)).second_opinions
    return (told.asked, told.scored, told.split) if told else (0, 0, 0)


def wrong(play: Play, known: Facts, said: Opinions) -> Iterator[str]:
    """Tell what is not true."""
    yield from _told_both(play)
    if not play.is_judged:
        if said.judged:
            yield f"{len(said.judged)} judgements, though nobody wanted any"
        return
    for one in said.judged:
        yield from _said_what_the_model_says(one, known)
        if one.first_id is not None:
            yield from _stands_beside(one, said)
    for answer in known.answers:
        first = said.first(answer)
        asked = said.beside(first.id) if first else []
        scored = [one for one in asked if one.score is not None]
        if len(scored) > 1:
            yield f"judgement {first and first.id} of answer {answer} has {len(scored)} second opinions"
        yield from _asked_where_in_doubt(said, first, asked)
        yield from _calls_staff(said, answer, first, scored[-1:] if asked and asked[-1].score is not None else [])
        yield from _calls_for_nothing_else(said, answer, first)
    yield from _counted(said)
    yield from _not_given_up(play, said)
    if (most := play.wanted()["daily_tokens"]) and said.spent > most:
        yield f"{said.spent} tokens were spent of {most}"


def _told_both(play: Play) -> Iterator[str]:
    """Staff who look at what the judge thinks are told both scores."""
    for scores, told in play.told_scores:
        for score, key in zip(scores, ("judge.relevance", "judge.second"), strict=True):
            start = i18n.text(key, "pt-BR", ar="", score="").split(":")[0]
            wanted = None if score is None else i18n.text(key, "pt-BR", ar=f"{score / 3:.2f}", score=score)
            if (start in told) != (wanted is not None) or (wanted or "") not in told:
                yield f"staff were told {told!r} of the scores {scores}"


def _said_what_the_model_says(one: Judged, known: Facts) -> Iterator[str]:
    """A score is what its own model says of its own answer, and of no words of staff."""
    answer = known.answers[one.answer_id]
    if answer.model == "verified" or answer.outcome not in JUDGED:
        yield f"answer {answer.id} ({answer.outcome}, {answer.model}) was judged for {one.kind}"
    model = jury.SECOND if one.kind == "second" else jury.FIRST
    if one.model != model:
        yield f"judgement {one.id} ({one.kind}) is of {one.model}"
    if one.kind in {"relevance", "second"} and one.score not in {None, jury.score(model, answer.text)}:
        yield f"judgement {one.id} ({one.kind}) of answer {answer.id} is {one.score}, {model} says otherwise"


def _stands_beside(second: Judged, said: Opinions) -> Iterator[str]:
    """A second opinion is told with what lies between, by the threshold of its time."""
    first = next(one for one in said.judged if one.id == second.first_id)
    if (first.answer_id, first.kind, first.score is None) != (second.answer_id, "relevance", False):
        yield f"second opinion {second.id} on answer {second.answer_id} stands beside {first}"
        return
    if second.score is not None and first.score is not None:
        spread = abs(first.score - second.score)
        below = said.versions[second.version].flag_below
        is_split = spread >= WIDE or (first.score < below) != (second.score < below)
        if (spread, is_split) != (second.spread, second.is_split):
            yield f"second opinion {second.id}, {second.score} beside {first.score} at {below}, counts as {second}"
    if not said.versions[second.version].asks_a_second:
        yield f"second opinion {second.id} was asked though none was wanted"


def _asked_where_in_doubt(said: Opinions, first: Judged | None, asked: Sequence[Judged]) -> Iterator[str]:
    """Who was judged under the rules of now has the second opinion that these want, or it was tried in vain."""
    now = max(said.versions)
    if first is None or first.score is None or first.version != now or not said.versions[now].asks_a_second:
        return
    rules = said.versions[now]
    is_wanted = rules.share > 0 or first.score == rules.flag_below > 0 or _contradicts(said, first)
    if is_wanted and not asked and (first.answer_id, "second") not in said.dead:
        yield f"nobody was asked beside the {first.score} of answer {first.answer_id}"
    for one in asked:
        if one.asked_for == "chance" and not rules.share:
            yield f"second opinion {one.id} was drawn though no share is wanted"


def _calls_staff(said: Opinions, answer: int, first: Judged | None, standing: Sequence[Judged]) -> Iterator[str]:
    """Staff are called by the two opinions that count, as long as they are split and nobody of staff has looked."""
    is_split = any(one.is_split for one in standing)
    is_called = "split_opinion" in said.reasons.get(answer, set())
    if is_called and not is_split:
        yield f"answer {answer} is before staff for two opinions that are not split"
    seen = [*said.labelled.get(answer, []), *(at for at in said.settled.get(answer, []) if first and at >= first.at)]
    if is_called and any(at < one.at - SURELY_S for at in seen for one in standing):
        yield f"answer {answer} is before staff for two opinions that are split, though staff had looked"
    if is_split and not is_called and not seen:
        yield f"answer {answer} has two opinions that are split, and nobody is called"


def _calls_for_nothing_else(said: Opinions, answer: int, first: Judged | None) -> Iterator[str]:
    """The first judge calls by its own score alone."""
    reasons = said.reasons.get(answer, set())
    is_low = bool(first and first.score is not None and first.score < said.versions[first.version].flag_below)
    if "low_relevance" in reasons and not is_low:
        yield f"answer {answer} is before staff for a low score, and has {first}"
    is_seen = said.labelled.get(answer) or said.settled.get(answer)
    if is_low and "low_relevance" not in reasons and not is_seen:
        yield f"answer {answer} has a low score, and nobody is called"
    if "vote_against_judge" in reasons and not (first and _contradicts(said, first)):
        yield f"answer {answer} is before staff for a vote against {first}"
    if "unsupported_citation" in reasons:
        yield f"answer {answer} is before staff for a citation that does not support it"


def _contradicts(said: Opinions, first: Judged) -> bool:
    """Whether thumbs say the opposite of the best or the worst score: those that staff have not answered since."""
    opposite = {3: "I", 0: "C"}.get(-1 if first.score is None else first.score)
    return (first.answer_id, opposite) in said.against


def _counted(said: Opinions) -> Iterator[str]:
    """Agreement and digest count each answer once, by the judgement that counts."""
    firsts = [first for answer in {one.answer_id for one in said.judged} if (first := said.first(answer))]
    standing = [beside[-1] for first in firsts if (beside := said.beside(first.id))]
    wanted = (len(standing), sum(one.score is not None for one in standing))
    if said.compared != wanted:
        yield f"agreement compares {said.compared} second opinions, there are {wanted}"
    if said.digested != (*wanted, sum(one.is_split is True for one in standing)):
        yield f"the digest tells of {said.digested} second opinions, there are {wanted}"


def _not_given_up(play: Play, said: Opinions) -> Iterator[str]:
    """Nothing is given up where nothing failed."""
    if said.dead and not play.stage.jury.has_ailed and play.stage.troubles < SURE:
        yield f"given up: {sorted(said.dead)}"
