"""
The exact payload of each kind of message, in both languages, held in `golden/` and read by eye when it changes.

`WRITE_GOLDEN=1` with this test writes the files anew.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import discord
import pytest

from bot.discord.messages import (
    answers,
    cards,
    course_settings,
    forms,
    ingest_progress,
    keep_form,
    layout,
    lecture_card,
    lecture_map,
    lectures,
    map_forms,
    pairs,
)
from bot.discord.permissions import Permission
from db.records import (
    Answer,
    AnswerId,
    Binding,
    Course,
    CourseId,
    CourseSettings,
    Held,
    Hit,
    ItemId,
    Judgement,
    JudgementId,
    Language,
    Lecture,
    LectureFacts,
    LectureId,
    Outcome,
    QuestionId,
    Reference,
    ReferenceJudgement,
    SegmentId,
    TranscriptId,
    VerifiedId,
)
from db.records.lecture_cards import AskedWords
from db.records.maps import Chapter, LectureMap
from db.records.pairs import PairAnswer, PairId, ShownPair
from db.records.reviews import ListedItem, ReviewItem, ReviewStats, Verified
from services import i18n
from services.answering.released import Mark, MarkKind
from services.answering.replies import Examined, Reply
from services.lectures.captions import Refusal
from services.lectures.cards import LectureCard
from services.lectures.ingest import Progress, Status, Taken
from services.notation.drawing_process import Picture
from services.notation.shown import MOST_DRAWN
from services.reviewing.flagged import Card, CardOpinion, Standing
from services.reviewing.keeping import Form

GOLDEN = Path(__file__).parent / "golden"
ANSWERED = "O **gradiente** encolhe a cada passo [1], e a LSTM soma em vez de multiplicar [2]. @everyone"
CODE = "".join(
    f"for passo in range({number}):\n    h = tanh(W @ h + U @ x)  # passo {number}\n" for number in range(45)
)
DRAWN = (r"\frac{\partial L}{\partial w} = \delta_j a_i", r"\binom{n}{k}")
FORMULAS = (
    rf"A taxa $\eta$ multiplica a derivada [1]: $${DRAWN[0]}$$ Os pesos $W_Q$ e \({DRAWN[1]}\) ficam [2], mas"
    r" $\frac{1$ e R$ 5 não são fórmulas."
)
LONG_FORMULAS = tuple(f"x_{{{number}}} = {'a + ' * 146}b" for number in range(MOST_DRAWN))
"""As many as are drawn, each nearly as long as one may be."""
LONG_ANSWER = (
    "O gradiente encolhe a cada passo, porque a regra da cadeia multiplica as derivadas [1].\n\n"
    + "A cada instante a rede multiplica pelo mesmo peso, e o produto tende a zero. " * 8
    + f"\n\nEm código:\n```python\n{CODE}```\n\nA **LSTM** soma em vez de multiplicar [2]."
)
REDES = Course(id=CourseId(2), slug="redes", title="Redes Neurais", language="pt-BR")
SETTINGS = CourseSettings(
    course_id=CourseId(2),
    guild_id=1,
    staff_channel_id=44,
    staff_role_ids=(55, 56),
    person_hourly=20,
    course_daily=2_000,
)
BOUND_AT = datetime(2026, 3, 2, tzinfo=UTC)
BINDINGS = [
    Binding(channel_id=41, guild_id=1, course=REDES, answers="mention", bound_at=BOUND_AT),
    Binding(channel_id=42, guild_id=1, course=REDES, answers="every", bound_at=BOUND_AT),
    Binding(channel_id=43, guild_id=1, course=REDES, answers="forum", bound_at=BOUND_AT),
]
LACKING: dict[int, list[Permission]] = {
    42: ["view_channel"],
    43: ["embed_links", "send_messages_in_threads"],
    45: ["view_channel"],
}
HIT = Hit(
    rank=1,
    segment_id=SegmentId(7),
    lecture_id=LectureId(3),
    lecture="aula-5",
    title="Aula 5: redes [recorrentes]",
    language="pt",
    video_url="https://youtu.be/abc",
    duration_s=600.0,
    start_s=200.0,
    end_s=320.0,
    score=0.84,
    text="O gradiente encolhe até sumir. A LSTM soma em vez de multiplicar. Veja https://evil.example/x",
    cue_offsets=(0, 31, 66),
    cue_starts_s=(210.0, 230.0, 250.0),
)
REFERENCES = (
    Reference(
        number=1, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=208.0,
        end_s=230.0, url="https://youtu.be/abc?t=208", quote="O gradiente encolhe até sumir.",
    ),
    Reference(
        number=2, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=228.0,
        end_s=250.0, url=None, quote="A LSTM soma em vez de multiplicar.",
    ),
)  # fmt: skip


def cited(number: int, title: str, start_s: float, url: str | None) -> Reference:
    return replace(REFERENCES[0], number=number, title=title, start_s=start_s, url=url)


LONG_TITLE = "Aula 12: retropropagação no tempo, gradientes que somem e explodem, e o que portas e atalhos mudam nisso"
MOMENTS = (
    cited(1, LONG_TITLE, 208.0, "https://youtu.be/abc?t=208"),
    cited(2, LONG_TITLE, 4_008.0, "https://youtu.be/abc?t=4008"),
    cited(3, "Aula 2", 75.0, "https://videos.example.org/aula_(2).mp4#t=75"),
    cited(4, "Aula 3", 75.0, "http://videos.example.org/aula-3.mp4#t=75"),
    cited(5, "Aula 4", 75.0, None),
)
MOMENTS_CITED = (
    "A soma preserva o gradiente [1][3]. No intervalo [0, 1) ele encolhe [2], `w[1]` não [4]. Veja também [1] [5]."
)


def text_of(outcome: Outcome, language: Language) -> str:
    match outcome:
        case "answered":
            return ANSWERED
        case "no_material":
            return i18n.text("answer.no_material", language)
        case "needs_staff":
            return i18n.text("answer.needs_staff", language)
        case "failed":
            return i18n.text("answer.failed", language)


KEPT = Form(
    course=CourseId(2),
    draft=7,
    question="Por que o gradiente some?",
    text="Ele encolhe a cada passo [t1]. E a LSTM soma.",
    hits=(HIT,),
)


def reply(outcome: Outcome, language: Language, text: str | None = None) -> Reply:
    answer = Answer(
        id=AnswerId(11),
        question_id=QuestionId(10),
        course_id=CourseId(2),
        outcome=outcome,
        text=text or text_of(outcome, language),
        failure=None,
        retrieval="hybrid",
        generation_id=None,
        model="fake",
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=5,
    )
    cited = outcome == "answered"
    return Reply(
        question="Por que o gradiente some?", answer=answer, references=REFERENCES if cited else (), hits=(HIT,)
    )


FACTS = LectureFacts(id=LectureId(5), slug="aula-5", title="Aula 5: *Redes*", held_on=date(2026, 3, 12))


def listed(language: Language) -> Reply:
    """A list of lectures that has more than one page."""
    text = f"{i18n.text('whole.list', language, topic='gradiente')}\n- Aula 5: «Ele encolhe.» [1]"
    more = i18n.text("whole.more_lectures.other", language, count=7)
    shown = reply("answered", language, f"{text}\n\n{more}")
    return replace(shown, answer=replace(shown.answer, model="extractive", intent="list", further=7))


def payload(pages: tuple[layout.Page, ...]) -> list[Any]:
    return [
        {
            "content": page.content,
            "embed": page.embed.to_dict() if page.embed else None,
            "components": page.view.to_components() if page.view else [],
            **({"files": {file.filename: file.description for file in page.files()}} if page.picture else {}),
        }
        for page in pages
    ]


def embed(shown: discord.Embed | None) -> Any:
    return shown.to_dict() if shown else None


def lecture(number: int, *, video: bool = True, day: date | None = None, later: bool = False) -> Lecture:
    return Lecture(
        id=LectureId(number),
        course_id=CourseId(2),
        slug=f"aula-{number}",
        title=f"Aula {number}: redes [recorrentes]",
        language="pt-BR",
        video_url=f"https://youtu.be/abc{number}" if video else None,
        held_on=day,
        duration_s=None,
        released_at=datetime(2999, 3, 1, 12, tzinfo=UTC) if later else None,
        source="/aula.vtt",
        transcript_id=TranscriptId(1),
    )


def taken(status: Status, *, found: int = 412, kept: int = 409, refusals: tuple[Refusal, ...] = ()) -> Taken:
    path = Path("/aula_5.vtt")
    return Taken(slug="aula_5", path=path, status=status, found=found, kept=kept, refusals=refusals)


LEFT_OUT = (
    Refusal(line=3, kind="empty", reason="…"),
    Refusal(line=8, kind="empty", reason="…"),
    Refusal(line=9, kind="malformed", reason="…"),
)
LECTURES = [
    lecture(1, day=date(2026, 3, 2)),
    lecture(2, video=False, day=date(2026, 3, 9)),
    lecture(3),
    lecture(4, later=True),
]
REPORTS = [
    taken("new", refusals=LEFT_OUT),
    taken("changed", found=1, kept=1),
    taken("unchanged"),
    taken("refused", found=0, kept=0),
    taken("refused", found=3, kept=0, refusals=LEFT_OUT),
    taken("refused"),
]


def refusals(language: Language) -> list[str]:
    """All that a person may be told instead of an answer."""
    return [
        i18n.text("question.empty", language),
        i18n.text("question.too_long", language, length=1_812, limit=1_500),
        i18n.text("question.too_many", language, limit=20, minutes=17),
        i18n.text("question.course_too_many", language, limit=2_000, minutes=90),
        i18n.text("discord.unavailable", language),
        i18n.text("discord.gone", language),
        i18n.text("discord.not_bound", language),
        i18n.text("discord.not_bound_staff", language),
        i18n.text("discord.switched_off", language),
        i18n.text("discord.nothing_to_ask", language),
        i18n.text("direct.no_course", language),
        i18n.text("direct.choose_first", language),
        i18n.text("course.not_allowed", language),
        i18n.text("course.only_server", language),
        i18n.text("course.not_here", language, slug="redes"),
        i18n.text("course.no_lecture", language, course="redes", slug="aula-9", known="'aula-1', 'aula-2'"),
        i18n.text("ingest.too_big", language, name="aula.mp4", size=812, limit=20),
        i18n.text("ingest.bad_link", language),
        i18n.text("ingest.not_fetched", language, name="aula.vtt"),
    ]


def bound(language: Language) -> str:
    said = i18n.text(
        "course.bound",
        language,
        channel="<#41>",
        title="Redes Neurais",
        answers=course_settings.answers_when("mention", language),
    )
    return "\n".join([said, *course_settings.cannot_answer(LACKING, language)])


ITEM = ReviewItem(
    id=ItemId(5),
    answer_id=AnswerId(11),
    course_id=CourseId(2),
    opened_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    settled_at=None,
    verdict=None,
    settled_by=None,
    taken_by=None,
    taken_for_s=None,
    card_channel_id=None,
    card_message_id=None,
    card_version=1,
    reasons=["called", "voted_down", "low_relevance"],
    up=1,
    down=3,
    has_score=True,
)
SECOND = replace(ITEM, reasons=["second_look"], down=0, is_second_look=True)
WORDS = Verified(
    id=VerifiedId(3),
    course_id=CourseId(2),
    answer_id=AnswerId(11),
    question="Por que o gradiente some?",
    language="pt",
    text="O gradiente encolhe a cada passo [1].",
    version=2,
    verified_by="…",
    verified_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
    retired_at=None,
    stale_since=None,
    doubted_since=None,
)
JUDGED = Judgement(
    id=JudgementId(1),
    answer_id=AnswerId(11),
    kind="relevance",
    status="ok",
    score=1,
    abstention=None,
    criteria="Deve dizer por que o gradiente some.",
    evidence="Só diz que some.",
    label="I",
    settings_version=0,
    swayed=False,
    probability=1.0,
    model="juiz",
    prompt_id="judge/1",
    judged_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
)
OPINION = CardOpinion(
    relevance=JUDGED,
    support=(
        ReferenceJudgement(number=1, support="full", quote="o gradiente encolhe", is_found=True),
        ReferenceJudgement(number=2, support="partial", quote="nunca dito", is_found=False),
    ),
    abstention=None,
    context=replace(JUDGED, kind="context", label=None),
)
LISTED = [
    ListedItem(
        id=ItemId(5),
        answer_id=AnswerId(11),
        question="Por que o gradiente some?",
        reasons=["called", "voted_down"],
        age_s=7_500.0,
        taken_by=900,
        card_channel_id=50,
        card_message_id=60,
    ),
    ListedItem(
        id=ItemId(6),
        answer_id=AnswerId(12),
        question="O que é um tensor?",
        reasons=["audit"],
        age_s=260_000.0,
        taken_by=None,
        card_channel_id=None,
        card_message_id=None,
    ),
]
STANDING = Standing(
    whole=ReviewStats(open=2, oldest_s=260_000.0, settled=14, median_settle_s=5_400.0),
    by_reason={"called": (1, 4), "voted_down": (1, 9), "audit": (1, 1)},
)

DRAFT = Chapter(
    ordinal=1,
    start_ms=0,
    end_ms=400_000,
    title="Por que o gradiente some",
    origin="written",
    sentence="A regra da cadeia multiplica fatores menores que um, e o produto encolhe a cada passo.",
    segment_id=SegmentId(7),
    quote="o gradiente encolhe até sumir",
    quote_start_ms=2_000,
    quote_end_ms=9_000,
    fingerprint="f",
)


def chapter(number: int, **changes: Any) -> Chapter:
    start_ms = (number - 1) * 400_000
    times = {"start_ms": start_ms, "end_ms": start_ms + 400_000, "quote_start_ms": start_ms + 2_000}
    return replace(DRAFT, **({"ordinal": number, **times} | changes))


def mapped(*chapters: Chapter, url: str | None = "https://youtu.be/abc") -> LectureMap:
    return LectureMap(
        lecture_id=LectureId(3),
        course_id=CourseId(2),
        lecture="aula-5",
        title="Aula 5: redes [recorrentes]",
        language="pt",
        video_url=url,
        held_on=date(2026, 3, 17),
        duration_s=5_000.0,
        released_at=None,
        transcript_id=TranscriptId(1),
        version=1,
        state="done",
        model="m",
        chapters=chapters,
    )


QUOTED = "a LSTM soma em vez de multiplicar, @everyone, vejam [aqui](https://evil.example/x)"
MAP = mapped(
    chapter(1),
    chapter(2, title="A célula [de memória] **da** LSTM", sentence=QUOTED, quote=QUOTED, quote_start_ms=490_000),
    chapter(10, title="Perguntas"),
)
LONG_MAP = mapped(*(chapter(n, title=LONG_TITLE, sentence=f"{DRAFT.sentence} " * 4) for n in range(1, 13)))
AULA_5 = Lecture(
    id=LectureId(3), course_id=CourseId(2), slug="aula-5", title="Aula 5: redes [recorrentes]", language="pt",
    video_url="https://youtu.be/abc", held_on=date(2026, 3, 17), duration_s=5_000.0, released_at=None, source="",
    transcript_id=TranscriptId(1),
)  # fmt: skip
LATER = replace(AULA_5, released_at=datetime(2099, 3, 17, 12, tzinfo=UTC))
MANY = mapped(*(chapter(n) for n in range(1, 31)))
ASKED = (
    AskedWords(
        id=7, lecture="aula-5", lecture_title="Aula 5: redes [recorrentes]", start_ms=380_000, end_ms=800_000,
        title="O gradiente @everyone", is_dropped=False,
    ),
    AskedWords(
        id=8, lecture="aula-5", lecture_title="Aula 5: redes [recorrentes]", start_ms=3_000_000, end_ms=3_700_000,
        title=None, is_dropped=True,
    ),
    AskedWords(
        id=9, lecture="aula-6", lecture_title=LONG_TITLE, start_ms=0, end_ms=500_000, title=None, is_dropped=False,
    ),
)  # fmt: skip
NONCE = "0123456789abcdef01234567"


def paged(page: layout.Page) -> Any:
    return payload((page,))


def told(
    language: Language, *listed: Lecture, shown: LectureMap | None = None, asked: tuple[AskedWords, ...] = ()
) -> Any:
    card = LectureCard(
        kind="question" if asked else "release",
        course=replace(REDES, language=language),
        lectures=listed,
        map=shown,
        asked=asked,
    )
    return paged(lecture_card.page(card, NONCE))


def flagged(item: ReviewItem = ITEM, *, held: Held = "no", written: Verified | None = None) -> Card:
    shown = reply("answered", "pt-BR")
    return Card(
        item=item,
        course=REDES,
        reply=Examined(
            question=shown.question,
            answer=replace(shown.answer, held=held),
            references=shown.references,
            hits=shown.hits,
        ),
        comments=[("incomplete", "faltou dizer da LSTM @everyone"), ("wrong", None)],
        link=(1, 41, 77),
        verified=written,
    )


def marked(kind: MarkKind, language: Language) -> Any:
    mark = Mark(kind=kind, at=datetime(2026, 11, 23, 10, tzinfo=UTC) if kind == "verified" else None)
    may_be_seen = kind in {"verified", "under_review"}
    return payload(answers.answer(replace(reply("answered", language), mark=mark, may_be_seen=may_be_seen), language))


def carded(card: Card, language: Language) -> Any:
    return payload((cards.card(card, language),))


PAIR = ShownPair(
    id=PairId(9),
    course_id=CourseId(2),
    question="Por que o *gradiente* some? @everyone",
    a=PairAnswer(text=ANSWERED, references=REFERENCES),
    b=PairAnswer(text=LONG_ANSWER, references=()),
    left=3,
)


def paired(shown: ShownPair | None, language: Language) -> list[Any]:
    page = pairs.page(shown, language)
    components = page.view.to_components() if page.view else []
    return [
        {"content": "", "embed": one.to_dict(), "components": components if one is page.embeds[-1] else []}
        for one in page.embeds
    ]


REVIEW: dict[str, Callable[[Language], Any]] = {
    "review_pairs": lambda language: [*paired(PAIR, language), *paired(None, language)],
    "marked": lambda language: [marked(kind, language) for kind in get_args(MarkKind)],
    "card": lambda language: carded(flagged(), language),
    "card_taken": lambda language: carded(flagged(replace(ITEM, taken_by=900, taken_for_s=1_700.0)), language),
    "card_settled": lambda language: carded(
        flagged(replace(ITEM, settled_at=ITEM.opened_at, verdict="edited"), written=WORDS), language
    ),
    "card_second": lambda language: [
        carded(flagged(replace(SECOND, **changes)), language)
        for changes in (
            {},
            {"taken_by": 900, "taken_for_s": 1_700.0},
            {"settled_at": ITEM.opened_at, "verdict": "second", "are_labels_opposed": True},
            {"settled_at": ITEM.opened_at, "verdict": "gone"},
        )
    ],
    "card_second_awaited": lambda language: carded(
        flagged(replace(ITEM, settled_at=ITEM.opened_at, verdict="I", is_second_awaited=True)), language
    ),
    "card_held": lambda language: carded(flagged(replace(ITEM, reasons=["held"]), held="waiting"), language),
    "card_opinion": lambda language: embed(cards.opinion(OPINION, language)),
    "card_passages": lambda language: embed(cards.passages([HIT], language)),
    "keep_form": lambda language: keep_form.keep_form(KEPT, language).to_dict(),
    "keep_form_bare": lambda language: keep_form.keep_form(replace(KEPT, question="", hits=()), language).to_dict(),
    "card_form": lambda language: forms.edit_form(flagged(), language).to_dict(),
    "review_list": lambda language: [
        embed(cards.listed(LISTED, 1, language)),
        embed(cards.listed([], 1, language)),
    ],
    "review_stats": lambda language: embed(cards.standing(STANDING, language)),
    "review_verified": lambda language: [
        embed(cards.verified([WORDS, replace(WORDS, stale_since=WORDS.verified_at)], language)),
        embed(cards.verified([], language)),
    ],
}

KINDS: dict[str, Callable[[Language], Any]] = {
    "answered": lambda language: payload(answers.answer(reply("answered", language), language)),
    "formulas": lambda language: payload(
        answers.answer(reply("answered", language, FORMULAS), language, picture=Picture(png=b"", sources=DRAWN))
    ),
    "formulas_source": lambda language: list(answers.sources(DRAWN, language)),
    "formulas_source_one": lambda language: list(answers.sources(DRAWN[:1], language)),
    "formulas_source_long": lambda language: list(answers.sources(LONG_FORMULAS, language)),
    "formulas_undrawn": lambda language: payload(answers.answer(reply("answered", language, FORMULAS), language)),
    "long": lambda language: payload(answers.answer(reply("answered", language, LONG_ANSWER), language)),
    "draft": lambda _: answers.draft(LONG_ANSWER[:900]),
    "draft_within": lambda language: answers.draft("Ele encolhe", (FACTS,), language),
    "listed": lambda language: payload(answers.answer(listed(language), language)),
    "private": lambda language: payload(answers.answer(reply("answered", language), language, can_share=True)),
    "shared": lambda language: payload(
        answers.answer(reply("answered", language), language, with_question=True, can_try=False)
    ),
    "moments": lambda language: payload(
        answers.answer(replace(reply("answered", language, MOMENTS_CITED), references=MOMENTS), language)
    ),
    "no_material": lambda language: payload(answers.answer(reply("no_material", language), language)),
    "needs_staff": lambda language: payload(answers.answer(reply("needs_staff", language), language)),
    "failed": lambda language: payload(answers.answer(reply("failed", language), language)),
    "excerpts": lambda language: embed(answers.excerpts(reply("answered", language), language)),
    "search": lambda language: embed(
        lectures.found("gradiente", [HIT, replace(HIT, rank=2, video_url=None)], language)
    ),
    "search_nothing": lambda language: embed(lectures.found("gradiente", [], language)),
    "lectures": lambda language: embed(lectures.lectures("Redes Neurais", LECTURES, language)),
    "lectures_many": lambda language: embed(
        lectures.lectures("Redes Neurais", [lecture(number) for number in range(1, 200)], language)
    ),
    "lectures_none": lambda language: embed(lectures.lectures("Redes", [], language)),
    "course": lambda language: embed(
        course_settings.course(REDES, SETTINGS, BINDINGS, LACKING, lectures=len(LECTURES), language=language)
    ),
    "course_new": lambda language: embed(
        course_settings.course(
            REDES,
            replace(SETTINGS, staff_channel_id=None, staff_role_ids=()),
            [],
            {},
            lectures=0,
            language=language,
        )
    ),
    "course_bound": bound,
    "ingest_progress": lambda language: ingest_progress.progress(Progress(what="aula-5", done=48, total=212), language),
    "ingest_report": lambda language: [ingest_progress.taken(report, language) for report in REPORTS],
    "refusals": refusals,
    "map": lambda language: paged(lecture_map.page(AULA_5, MAP, language)),
    "map_long": lambda language: paged(lecture_map.page(AULA_5, LONG_MAP, language)),
    "map_none": lambda language: paged(lecture_map.page(replace(AULA_5, video_url=None), None, language)),
    "map_unreleased": lambda language: paged(lecture_map.page(LATER, MAP, language)),
    "map_staff": lambda language: paged(map_forms.page(AULA_5, MAP, language)),
    "map_rename": lambda language: map_forms.form("rename", MAP, language).to_dict(),
    "map_merge": lambda language: map_forms.form("merge", MAP, language).to_dict(),
    "map_drop": lambda language: map_forms.form("drop", MAP, language).to_dict(),
    "map_merge_many": lambda language: map_forms.form("merge", MANY, language).to_dict(),
    "map_asked": lambda language: paged(map_forms.question(CourseId(2), ASKED[0], MAP, language, left=3)),
    "map_asked_last": lambda language: paged(map_forms.question(CourseId(2), ASKED[1], None, language, left=1)),
    "map_question": lambda language: told(language, AULA_5, asked=ASKED),
    "release": lambda language: told(language, AULA_5),
    "release_map": lambda language: told(language, AULA_5, shown=MAP),
    "release_many": lambda language: told(language, *(lecture(number) for number in range(1, 200))),
    **REVIEW,
    "why_form": lambda language: forms.why_form(CourseId(2), AnswerId(11), language).to_dict(),
}


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_payload_is_the_one_that_was_read(kind: str, language: Language) -> None:
    file = GOLDEN / f"{kind}.{language}.json"
    shown = json.dumps(KINDS[kind](language), ensure_ascii=False, indent=2, default=str) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (None, "could not say whether the passages are about the question (timeout)"),
        (1, "not about the question (score 1 of 3)"),
        (2, "**Passages:** about the question (score 2 of 3)"),
    ],
)
def test_a_card_says_in_a_line_what_is_known_of_the_passages(score: int | None, said: str) -> None:
    status = "timeout" if score is None else "ok"
    judged = replace(OPINION, context=replace(JUDGED, kind="context", score=score, status=status, label=None))

    assert said in (cards.opinion(judged, "en").description or "").splitlines()[-1]
