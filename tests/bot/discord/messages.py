"""Each kind of message, of what is made up, as Discord is sent it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import discord

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
from db.records import AnswerId, CourseId, Language, Lecture
from db.records.lecture_cards import AskedWords
from db.records.maps import LectureMap
from db.records.pairs import ShownPair
from services import i18n
from services.answering.released import Mark, MarkKind
from services.lectures.cards import LectureCard
from services.lectures.ingest import Progress
from services.notation.drawing_process import Picture
from services.reviewing.flagged import Card
from tests.bot.discord.made_up.answers import (
    DRAWN,
    FORMULAS,
    HIT,
    LONG_ANSWER,
    LONG_FORMULAS,
    MOMENTS,
    MOMENTS_CITED,
    listed,
    reply,
)
from tests.bot.discord.made_up.courses import BINDINGS, FACTS, LACKING, LECTURES, REDES, REPORTS, SETTINGS, lecture
from tests.bot.discord.made_up.maps import ASKED, AULA_5, LATER, LONG_MAP, MANY, MAP
from tests.bot.discord.made_up.reviews import ITEM, KEPT, LISTED, OPINION, PAIR, SECOND, STANDING, WORDS, flagged


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


def marked(kind: MarkKind, language: Language) -> Any:
    mark = Mark(kind=kind, at=datetime(2026, 11, 23, 10, tzinfo=UTC) if kind == "verified" else None)
    may_be_seen = kind in {"verified", "under_review"}
    return payload(answers.answer(replace(reply("answered", language), mark=mark, may_be_seen=may_be_seen), language))


def carded(card: Card, language: Language) -> Any:
    return payload((cards.card(card, language),))


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
