"""Turn what Monitoria knows into Discord's messages; pure, so that golden files can hold each kind."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

import discord

from bot.discord import permissions
from bot.discord.messages import buttons
from bot.discord.messages.defang import continued, harmless, plain, shortened
from bot.discord.messages.splitting import LONGEST, split
from bot.discord.permissions import Permission
from db.records import AnswersWhen, Binding, Course, CourseSettings, Hit, Language, Lecture, Outcome, Reference
from services import i18n
from services.answering.released import Mark, instead
from services.answering.replies import Reply
from services.ground.timestamps import clock
from services.lectures.captions import RefusalKind
from services.lectures.ingest import Progress, Taken
from services.lectures.links import moment
from services.notation.pictures import Picture
from services.notation.shown import shown, undrawn

GREEN = discord.Colour(0x2E7D5B)
PICTURE_NAME = "formulas.png"
LONGEST_QUOTE = 180
LONGEST_TITLE = 90
LONGEST_EXCERPT = 700
LONGEST_EMBED = 4_000
LONGEST_FIELD = 1_000
LONGEST_DRAFT = 1_900
MOST_CHANNELS = 10
ROUND = str.maketrans("[]", "()")
BEFORE_S = 10.0
AFTER_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message: text, and on the last of several the references and the buttons."""

    content: str
    embed: discord.Embed | None = None
    view: discord.ui.View | None = None
    picture: Picture | None = None

    def files(self) -> list[discord.File]:
        """Return what is attached, anew for each time that it is sent."""
        if self.picture is None:
            return []
        png, description = self.picture.png, self.picture.description
        return [discord.File(io.BytesIO(png), filename=PICTURE_NAME, description=description)]


def answer(
    reply: Reply,
    language: Language,
    *,
    can_share: bool = False,
    with_question: bool = False,
    picture: Picture | None = None,
) -> tuple[Page, ...]:
    """
    Return *reply* as messages, with its question above where it stands alone; words around it in *language*.

    Formulas are on *picture*, as far as it holds them.
    """
    if not reply.may_be_seen:
        return (Page(content=instead(reply.mark, language)),)
    text = _marked(
        harmless(shown(reply.answer.text, picture.sources if picture else (), language)), reply.mark, language
    )
    if with_question:
        question = shortened(plain(reply.question), 300)
        text = i18n.text("discord.asked", language, question=question) + f"\n\n{text}"
    pages = [continued(page) for page in split(text, longest=LONGEST - 1)]
    *first, last = pages or [i18n.text("answer.no_material", language)]
    view = buttons.under(reply.answer, language, has_references=bool(reply.references), can_share=can_share)
    embed = _references(reply.references, language) if reply.references else None
    return (*(Page(content=page) for page in first), Page(content=last, embed=embed, view=view, picture=picture))


def _marked(text: str, mark: Mark | None, language: Language) -> str:
    """Return *text* with what staff have to do with it."""
    if mark is None:
        return text
    if mark.kind == "verified":
        said = i18n.text("mark.verified", language, date=_day(mark.at.date(), language) if mark.at else "")
    else:
        said = i18n.text("mark.under_review", language)
    return f"{said}\n\n{text}"


def references_of(references: Sequence[Reference], *, most: int) -> str:
    """Return a line for each reference, as many as fit whole."""
    return _whole([_numbered(reference) for reference in references], most=most) if references else ""


def draft(text: str) -> str:
    """Return an answer in writing, as far as it is, with a code block that is still open closed."""
    return split(harmless(undrawn(f"{text} …")), longest=LONGEST_DRAFT, most=1)[0]


def _references(references: Sequence[Reference], language: Language) -> discord.Embed:
    lines = [_reference(reference) for reference in references]
    if sum(map(len, lines)) + len(lines) > LONGEST_EMBED:
        # Addresses may be long; a student can do without the quotations, but not without the links.
        lines = [_numbered(reference) for reference in references]
    return discord.Embed(title=i18n.text("discord.references", language), description=_whole(lines), colour=GREEN)


def _reference(reference: Reference) -> str:
    return f"{_numbered(reference)} — “{shortened(plain(reference.quote), LONGEST_QUOTE)}”"


def _numbered(reference: Reference) -> str:
    return f"`[{reference.number}]` {_place(reference.title, reference.url, reference.start_s)}"


def _place(title: str, url: str | None, start_s: float) -> str:
    """Return a moment: its time, and the lecture's title as a link to the second where there is a video."""
    return f"{clock(start_s)} {_linked(title, url)}"


def _linked(title: str, url: str | None) -> str:
    """Return *title* as a link to *url*, or in bold; a bracket in it, even escaped, would end the link too soon."""
    name = shortened(plain(title.translate(ROUND)), LONGEST_TITLE) or "…"
    return f"[{name}]({url.replace('(', '%28').replace(')', '%29')})" if url else f"**{name}**"


def _whole(parts: Sequence[str], *, separator: str = "\n", most: int = LONGEST_EMBED) -> str:
    """Join as many of *parts* as fit whole: half a link would lead elsewhere."""
    joined = ""
    for part in parts:
        longer = f"{joined}{separator}{part}" if joined else part
        if len(longer) > most:
            return f"{joined}{separator}…" if joined else "…"
        joined = longer
    return joined


def excerpts(reply: Reply, language: Language) -> discord.Embed | None:
    """Return the passages around each reference, with times; None where there are none."""
    hits = {hit.segment_id: hit for hit in reply.hits}
    parts = [
        f"{_numbered(reference)}\n{shortened(plain(_around(hits[reference.segment_id], reference)), LONGEST_EXCERPT)}"
        for reference in reply.references
        if reference.segment_id in hits
    ]
    if not parts:
        return None
    return discord.Embed(
        title=i18n.text("excerpts.title", language),
        description=_whole(parts, separator="\n\n"),
        colour=GREEN,
    )


def _around(hit: Hit, reference: Reference) -> str:
    """Return what is said from shortly before *reference* until shortly after."""
    starts = [
        offset
        for offset, start_s in zip(hit.cue_offsets, hit.cue_starts_s, strict=True)
        if reference.start_s - BEFORE_S <= start_s <= reference.end_s + AFTER_S
    ]
    if not starts:
        return hit.text
    after = next((offset for offset in hit.cue_offsets if offset > starts[-1]), len(hit.text))
    return hit.text[starts[0] : after].strip()


def found(query: str, hits: Sequence[Hit], language: Language) -> discord.Embed:
    """Return the passages that a search found."""
    if not hits:
        nothing = i18n.text("search.none", language, query=shortened(plain(query), 200))
        return discord.Embed(description=nothing)
    lines = [
        f"`{hit.rank}` {_place(hit.title, moment(hit.video_url, hit.start_s, hit.duration_s), hit.start_s)}\n"
        f"{shortened(plain(hit.text), 220)}"
        for hit in hits
    ]
    return discord.Embed(
        title=i18n.text("search.title", language, query=shortened(plain(query), 180)),
        description=_whole(lines, separator="\n\n"),
        colour=GREEN,
    )


def lectures(title: str, listed: Sequence[Lecture], language: Language) -> discord.Embed:
    """Return a course's lectures, by date, as many as an embed holds."""
    if not listed:
        return discord.Embed(description=i18n.text("lectures.none", language))
    lines: list[str] = []
    for number, lecture in enumerate(listed):
        line = _lecture(lecture, language)
        if sum(map(len, lines)) + len(lines) + len(line) > LONGEST_EMBED - 100:
            lines.append(i18n.text("lectures.more", language, count=len(listed) - number))
            break
        lines.append(line)
    heading = i18n.text("lectures.title", language, title=shortened(plain(title), 200))
    return discord.Embed(title=heading, description="\n".join(lines), colour=GREEN)


def _lecture(lecture: Lecture, language: Language) -> str:
    if lecture.released_at and lecture.released_at > discord.utils.utcnow():
        when = i18n.text("lectures.later", language, date=discord.utils.format_dt(lecture.released_at, "d"))
        return f"• {_linked(lecture.title, None)} ({when})"
    url = moment(lecture.video_url, 0.0, None)
    return f"• {_linked(lecture.title, url)}" + (f" · {_day(lecture.held_on, language)}" if lecture.held_on else "")


def _day(day: date, language: Language) -> str:
    return f"{day:%d/%m/%Y}" if language == "pt-BR" else f"{day:%Y-%m-%d}"


def course(
    shown: Course,
    settings: CourseSettings,
    bindings: Sequence[Binding],
    lacking: Mapping[int, Sequence[Permission]],
    *,
    lectures: int,
    language: Language,
) -> discord.Embed:
    """Return a course's settings; *lacking* are the permissions that Monitoria lacks, by channel."""
    title = shortened(plain(shown.title), 150)
    embed = discord.Embed(title=i18n.text("course.show", language, title=title, slug=shown.slug), colour=GREEN)
    channels = [f"<#{one.channel_id}> {answers_when(one.answers, language)}" for one in bindings]
    roles = " ".join(f"<@&{role}>" for role in settings.staff_role_ids) or i18n.text("course.nobody", language)
    room = [f"<#{settings.staff_channel_id}>"] if settings.staff_channel_id else []
    fields = {
        i18n.text("course.channels", language): channels or [i18n.text("course.nowhere", language)],
        i18n.text("course.lacking", language): _lacking(lacking, language),
        i18n.text("course.staff", language): [roles, *room],
        i18n.text("course.holds", language): [holding(settings.holds, language)] if settings.holds else [],
        i18n.text("course.formulas", language): (
            [] if settings.draws_formulas else [i18n.text("course.formulas_text", language)]
        ),
        i18n.text("course.limits", language): [
            i18n.text("course.limit_person", language, count=settings.person_hourly),
            i18n.text("course.limit_course", language, count=settings.course_daily),
        ],
        i18n.text("course.content", language): [
            str(lectures) if lectures else i18n.text("course.content_none", language)
        ],
    }
    for name, lines in fields.items():
        if lines:
            embed.add_field(name=name, value=_whole(lines, most=LONGEST_FIELD), inline=False)
    return embed


def holding(holds: Sequence[Outcome], language: Language) -> str:
    """Return which answers wait for approval, in words."""
    return i18n.text("course.hold_answered" if tuple(holds) == ("answered",) else "course.hold_all", language)


def cannot_answer(lacking: Mapping[int, Sequence[Permission]], language: Language) -> list[str]:
    """Return a warning where Monitoria lacks permissions, by channel, and nothing where it lacks none."""
    if not lacking:
        return []
    return [_whole([i18n.text("course.cannot_answer", language), *_lacking(lacking, language)], most=LONGEST_FIELD)]


def _lacking(lacking: Mapping[int, Sequence[Permission]], language: Language) -> list[str]:
    """Return one line for all channels that lack the same."""
    alike: dict[tuple[Permission, ...], list[int]] = {}
    for channel, names in lacking.items():
        alike.setdefault(tuple(names), []).append(channel)
    return [
        f"{' '.join(f'<#{channel}>' for channel in channels[:MOST_CHANNELS])}{' …' * (len(channels) > MOST_CHANNELS)}: "
        + ", ".join(permissions.name(name, language) for name in names)
        for names, channels in alike.items()
    ]


def answers_when(answers: AnswersWhen, language: Language) -> str:
    """Return when Monitoria answers in a channel, in words."""
    match answers:
        case "mention":
            return i18n.text("course.answers_mention", language)
        case "every":
            return i18n.text("course.answers_every", language)
        case "forum":
            return i18n.text("course.answers_forum", language)
        case "off":
            return i18n.text("course.answers_off", language)
        case _:
            assert_never(answers)


def progress(event: Progress, language: Language) -> str:
    """Return how far an ingest is."""
    return i18n.text("ingest.embedding", language, done=event.done, total=event.total)


def taken(event: Taken, language: Language) -> list[str]:
    """Return what became of a caption file, in lines."""
    name = shortened(plain(event.slug), LONGEST_TITLE)
    if event.fault == "clock":
        return [i18n.text("ingest.wrong_clock", language, name=name)]
    if event.status == "refused" and not event.found:
        return [i18n.text("ingest.not_captions", language, name=name)]
    if event.status == "refused" and not event.kept:
        lines = [i18n.text("ingest.none_kept", language, name=name, found=event.found)]
    elif event.status == "refused":
        return [i18n.text("ingest.namesake", language, name=name)]
    else:
        status = _status(event.status, language)
        lines = [i18n.text("ingest.done", language, name=name, status=status, kept=event.kept, found=event.found)]
    if event.refusals:
        kinds: Counter[RefusalKind] = Counter(refusal.kind for refusal in event.refusals)
        reasons = "; ".join(f"{count} × {_why(kind, language)}" for kind, count in kinds.most_common())
        lines.append(i18n.text("ingest.left_out", language, count=len(event.refusals), reasons=reasons))
    return lines


def _status(status: Literal["new", "changed", "unchanged"], language: Language) -> str:
    match status:
        case "new":
            return i18n.text("ingest.status_new", language)
        case "changed":
            return i18n.text("ingest.status_changed", language)
        case "unchanged":
            return i18n.text("ingest.status_unchanged", language)
        case _:
            assert_never(status)


def _why(kind: RefusalKind, language: Language) -> str:
    match kind:
        case "malformed":
            return i18n.text("ingest.kind_malformed", language)
        case "empty":
            return i18n.text("ingest.kind_empty", language)
        case "repeat":
            return i18n.text("ingest.kind_repeat", language)
        case "track":
            return i18n.text("ingest.kind_track", language)
        case "backward":
            return i18n.text("ingest.kind_backward", language)
        case _:
            assert_never(kind)
