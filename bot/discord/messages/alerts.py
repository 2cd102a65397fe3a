"""Tell staff, in a message, that the judge has changed."""

from dataclasses import replace

from bot.discord.messages.defang import plain
from db.records.learning import DueAlert
from services import i18n
from services.ground.alerting import sentence


def text(due: DueAlert) -> str:
    """Return the alert in the course's language, with what to do."""
    language = due.course.language
    said = sentence(replace(due.alert, model=plain(due.alert.model)), language)
    what_now = i18n.text("judge.alert.what_now", language, course=due.course.slug)
    return f"{said}\n{what_now}"
