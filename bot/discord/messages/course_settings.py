"""A course's settings: its channels and what Monitoria may do there, its staff and its limits."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import discord

from bot.discord import permissions
from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_FIELD, whole
from bot.discord.permissions import Permission
from db.records import AnswersWhen, Binding, Course, CourseSettings, Language, Outcome
from services import i18n

MOST_CHANNELS = 10


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
        i18n.text("course.releases", language): (
            [f"<#{settings.release_channel_id}>"] if settings.release_channel_id else []
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
            embed.add_field(name=name, value=whole(lines, most=LONGEST_FIELD), inline=False)
    return embed


def holding(holds: Sequence[Outcome], language: Language) -> str:
    """Return which answers wait for approval, in words."""
    return i18n.text("course.hold_answered" if tuple(holds) == ("answered",) else "course.hold_all", language)


def cannot_answer(lacking: Mapping[int, Sequence[Permission]], language: Language) -> list[str]:
    """Return a warning where Monitoria lacks permissions, by channel, and nothing where it lacks none."""
    if not lacking:
        return []
    return [whole([i18n.text("course.cannot_answer", language), *_lacking(lacking, language)], most=LONGEST_FIELD)]


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
