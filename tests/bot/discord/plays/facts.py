"""What is written down of one course, and what its people must therefore see, worked out without the tested code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from db.records import Language
from services import i18n
from tests.bot.discord.plays.play import Play

FORMULA = re.compile(r"(?:\\\[|\$\$)\\frac\{(\w+)\}\{2\}(?:\\\]|\$\$)")
TAKEN_BACK = {i18n.text("keep.taken_back", "pt-BR"), i18n.text("keep.taken_back", "en")}
Head = Literal["", "verified", "under_review", "waiting", "rejected", "retired"]


@dataclass(frozen=True)
class Look:
    """How an answer may look: what is said above it, and its words; None: none at all."""

    head: Head
    text: str | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    id: int
    question_id: int
    outcome: str
    text: str
    model: str
    held: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that staff did, as they are told it was taken down."""

    id: int
    answer_id: int | None
    verified_id: int | None  # of what was kept or retired
    action: str
    verdict: str | None
    text: str | None
    at: float


@dataclass(frozen=True, kw_only=True)
class Item:
    id: int
    answer_id: int
    verdict: str | None
    taken_by: int | None
    reasons: frozenset[str]
    is_second_look: bool


@dataclass(frozen=True, kw_only=True)
class SecondLook:
    """A label that somebody else on staff is to give, or has given."""

    is_awaited: bool
    is_labelled: bool
    labels: frozenset[str]  # that staff give the answer now
    staff: int  # how many of them


@dataclass(frozen=True, kw_only=True)
class Use:
    answer_id: int
    verified_id: int
    at: float


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A message that staff have kept, as it was when last looked at."""

    text_sha256: str
    is_gone: bool


@dataclass(kw_only=True)
class Facts:
    questions: dict[str, tuple[int, str]]  # by source id: id and text
    answers: dict[int, Answer]  # by id
    actions: list[Action]
    roots: dict[int, int]  # verified: answer that it corrected
    stale: set[int]  # verified
    taken_back: set[int]  # verified, by who wrote them
    uses: list[Use]
    items: list[Item]
    second_looks: dict[int, SecondLook]  # by answer
    votes: dict[int, tuple[int, int]]
    labels: dict[tuple[int, int], str]  # by answer and student
    given_up: set[int]  # questions whose answer Discord refused for good
    kept: dict[int, Kept]  # by message
    tries: dict[tuple[int, str], int]  # by the question that they follow and their kind: those that did not fail
    left: dict[str, list[str]]  # words that should be gone, and in which tables they stand
    by_question: dict[int, Answer] = field(default_factory=dict[int, Answer])

    # --- what is true now ---

    def looks(self, answer: Answer) -> list[Look]:
        """How *answer* may look by what staff have said last."""
        own = [one for one in self.actions if one.answer_id == answer.id]
        if answer.held != "no":
            decisions = [decision for one in own if (decision := _decision(one))]
            if not decisions:
                return [Look("waiting", None)]
            if decisions[-1] == "rejected":
                return [Look("rejected", None)]
        own_words = answer.held == "no" or any(one.verdict == "approved" for one in own)
        verified = self.words_of(answer)
        if verified is None:
            verdicts = [one.verdict for one in own if one.verdict in {"C", "P", "I"}]
            head: Head = "under_review" if verdicts[-1:] == ["I"] else ""
            return [Look(head, answer.text)]
        return self._looks_of_words(answer, verified, own_words=own_words)

    def words_of(self, answer: Answer) -> int | None:
        """The verified answer that *answer* shows: its own correction, or the one that it repeats."""
        repeated = next((use.verified_id for use in self.uses if use.answer_id == answer.id), None)
        own = next((verified for verified, root in self.roots.items() if root == answer.id), None)
        return own or repeated

    def spoken_of(self, verified: int) -> list[Action]:
        """What staff did to words of theirs, wherever these were shown."""
        root = self.roots.get(verified)
        where = {use.answer_id for use in self.uses if use.verified_id == verified} | {root}
        with_own, spoken, is_retired = set(self.roots.values()) - {root}, list[Action](), False
        for one in self.actions:
            if one.answer_id not in where and one.verified_id != verified:
                continue
            if is_retired and one.action == "edit" and one.answer_id in with_own:
                where.discard(one.answer_id)  # what was repeated is no more: from now on it has words of its own
                continue
            is_retired = one.action == "retire" or (is_retired and one.action != "edit")
            spoken.append(one)
        return spoken

    def _looks_of_words(self, answer: Answer, verified: int, *, own_words: bool) -> list[Look]:
        text, state = answer.text, "verified" if answer.model == "verified" else "none"
        for one in self.spoken_of(verified):
            if one.action == "edit":
                text, state = one.text or "", "verified"
            elif one.verdict == "approved":
                state = "verified"
            elif one.verdict == "I":
                state = "doubted" if state in {"verified", "cleared", "doubted"} else state
            elif one.verdict in {"C", "P"} and state == "doubted":
                state = "cleared"
            elif one.action == "retire":
                state = "retired"
        if verified in self.taken_back:
            state = "retired"
        if state == "retired":
            has_others = own_words and answer.model != "verified"
            return [Look("under_review", answer.text)] if has_others else [Look("retired", None)]
        heads: dict[str, tuple[Head, ...]] = {
            "verified": ("verified",),
            "doubted": ("under_review",),
            "cleared": ("verified",),  # found incorrect, and then right after all
        }
        return [Look(head, text) for head in heads.get(state, ("", "under_review"))]

    def words_for_staff(self, answer: Answer) -> str:
        """Return the words that a card gives: those of staff where some are in force, else the answer's own."""
        verified = self.words_of(answer)
        if verified is None or verified in self.taken_back:
            return answer.text
        text = answer.text
        for one in self.spoken_of(verified):
            if one.action in {"edit", "retire"}:
                text = (one.text or "") if one.action == "edit" else answer.text
        return text

    def released_at(self, answer: Answer) -> tuple[float | None, float | None]:
        """When staff let the automatic words out, and when they wrote their own in place of them."""
        own = [one for one in self.actions if one.answer_id == answer.id]
        approved = next((one.at for one in own if one.verdict == "approved"), None)
        return approved, next((one.at for one in own if one.action == "edit"), None)


def _decision(one: Action) -> str | None:
    if one.action == "edit":
        return "edited"
    return one.verdict if one.verdict in {"approved", "rejected"} else None


async def facts(play: Play) -> Facts:
    """Read what is written down of the play's course."""
    await play.remember_roots()
    look = play.look
    found = Facts(
        questions={
            source: (number, text)
            for number, source, text in await look(
                "select id, source_id, text from questions where course_id = %(course)s"
            )
        },
        answers=await _answers(play),
        actions=await _actions(play),
        roots=play.roots,
        stale={
            number
            for (number,) in await look(
                "select id from verified_answers where course_id = %(course)s and stale_since is not null"
            )
        },
        taken_back={
            number
            for number, text in await look("select id, text from verified_answers where course_id = %(course)s")
            if text in TAKEN_BACK
        },
        uses=[
            Use(answer_id=row[0], verified_id=row[1], at=row[2])
            for row in await look(
                "select answer_id, verified_id, extract(epoch from used_at)::float8 from verified_uses "
                "where course_id = %(course)s and way = 'shown'"
            )
        ],
        items=await _items(play),
        second_looks=await _second_looks(play),
        votes=await _votes(play),
        labels=await _labels(play),
        kept={
            message: Kept(text_sha256=sha256, is_gone=gone)
            for message, sha256, gone in await look(
                "select message_id, text_sha256, gone_at is not null from kept_messages join verified_answers v "
                "on v.id = verified_id where v.course_id = %(course)s and retired_at is null"
            )
        },
        tries=await _tries(play),
        left=await _left(play),
        given_up={
            number
            for (number,) in await look(
                "select question_id from deliveries where course_id = %(course)s and state = 'undeliverable'"
            )
        },
    )
    found.by_question = {answer.question_id: answer for answer in found.answers.values()}
    return found


async def _votes(play: Play) -> dict[int, tuple[int, int]]:
    return {
        answer: (up, down)
        for answer, up, down in await play.look(
            "select answer_id, count(*) filter (where label = 'C'), count(*) filter (where label = 'I') "
            "from annotations where course_id = %(course)s and role = 'student' group by answer_id"
        )
    }


async def _tries(play: Play) -> dict[tuple[int, str], int]:
    return {
        (follows, again): count
        for follows, again, count in await play.look(
            "select q.follows, q.again, count(*) from questions q left join answers a on a.question_id = q.id "
            "where q.course_id = %(course)s and q.follows is not null and q.again is not null "
            "and a.outcome is distinct from 'failed' group by 1, 2"
        )
    }


async def _answers(play: Play) -> dict[int, Answer]:
    return {
        row[0]: Answer(id=row[0], question_id=row[1], outcome=row[2], text=row[3], model=row[4], held=row[5], at=row[6])
        for row in await play.look(
            "select id, question_id, outcome, text, model, held, extract(epoch from answered_at)::float8 "
            "from answers where course_id = %(course)s"
        )
    }


async def _actions(play: Play) -> list[Action]:
    return [
        Action(id=row[0], answer_id=row[1], verified_id=row[2], action=row[3], verdict=row[4], text=row[5], at=row[6])
        for row in await play.look(
            "select s.id, coalesce(s.answer_id, i.answer_id), "
            "coalesce(s.before->>'verified', s.after->>'verified')::bigint, "
            "case s.action when 'keep' then 'edit' else s.action end, "
            "s.after->>'verdict', coalesce(s.after->>'text', v.text), extract(epoch from s.acted_at)::float8 "
            "from staff_actions s left join review_items i on i.id = s.item_id "
            # What a student wrote is not recorded; what stands now has to do for it.
            "left join verified_answers v on s.action = 'keep' and v.id = (s.after->>'verified')::bigint "
            "where s.course_id = %(course)s order by s.id"
        )
    ]


async def _items(play: Play) -> list[Item]:
    return [
        Item(
            id=row[0],
            answer_id=row[1],
            verdict=row[2],
            taken_by=row[3],
            reasons=frozenset(row[4]),
            is_second_look=row[5],
        )
        for row in await play.look(
            "select id, answer_id, verdict, case when taken_until > now() then taken_by end, "
            "array(select reason from review_reasons r where r.item_id = i.id), "
            "exists (select from second_look_items s where s.item_id = i.id) "
            "from review_items i where course_id = %(course)s"
        )
    ]


async def _second_looks(play: Play) -> dict[int, SecondLook]:
    return {
        row[0]: SecondLook(is_awaited=row[1], is_labelled=row[2], labels=frozenset(row[3]), staff=len(row[3]))
        for row in await play.look(
            "select answer_id, ended_at is null, outcome is not distinct from 'labelled', array(select a.label "
            "from annotations a where a.answer_id = l.answer_id and a.role = 'staff' and a.label is not null) "
            "from second_looks l where course_id = %(course)s and is_drawn"
        )
    }


async def _left(play: Play) -> dict[str, list[str]]:
    """
    Look in every table for words of people who had their data deleted.

    The question of a verified answer is the course's, as the answer is: by it others who ask the same are served.
    """
    found: dict[str, list[str]] = {}
    words = play.words_that_should_be_gone()
    if not words:
        return found
    tables = await play.look("select tablename::text from pg_tables where schemaname = 'public' order by 1")
    for (table,) in tables:
        row = "to_jsonb(t) - 'question'" if table == "verified_answers" else "to_jsonb(t)"
        where = "and t.source <> 'kept'" if table == "questions" else ""
        for word in words:
            query = f"select 1 from {table} t where ({row})::text ~ '{word}(?!\\d)' {where} limit 1"  # noqa: S608
            if await play.look(query):
                found.setdefault(word, []).append(table)
    return found


async def _labels(play: Play) -> dict[tuple[int, int], str]:
    keys = {await play.stage.outside.people.key(play.course, one.id): one.id for one in play.students}
    rows = await play.look("select answer_id, annotator_key, label from annotations where course_id = %(course)s")
    return {(answer, keys[key]): label for answer, key, label in rows if key in keys}


def squeezed(text: str) -> str:
    """*text* without what a page, a message or a defence adds."""
    return re.sub(r"[\s\\\u200b\u2060]", "", text)


def formulas(text: str) -> list[str]:
    """What the picture of *text* says to who cannot see it; the model and staff write no other formulas."""
    return [f"{above}/2" for above in FORMULA.findall(text)]


def with_picture(text: str, language: Language) -> str:
    """*text* as it stands above its picture."""
    return FORMULA.sub(i18n.text("formula.below", language), text)


def without_picture(text: str) -> str:
    """*text* where there is no picture."""
    return FORMULA.sub(r"\1/2", text)


def marks(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"\[(\d)\]", text)}


def tokens(texts: Sequence[Any]) -> set[str]:
    """The words of lectures that stand in *texts*."""
    return set(re.findall(r"xk\d+p\d+v\d+", repr(texts)))
