"""How many questions a person and a whole course may ask; the numbers are settings of the course."""

import math

from psycopg import AsyncConnection

from db import course_settings, questions
from services import i18n
from services.answering.asked import Asked
from services.errors import Refused


class TooSoon(Refused):
    """The person, or the whole course, has asked as much as the course allows; the message says until when."""


async def require_within_limits(conn: AsyncConnection, asked: Asked, asker_key: str) -> None:
    """Refuse a question, stored just now, that is one too many; its transaction is then rolled back."""
    settings = await course_settings.ensure(conn, asked.course.id)
    recent = await questions.recent(conn, course=asked.course.id, asker_key=asker_key)
    reader = asked.reader or asked.course.language
    if recent.by_person > settings.person_hourly:
        minutes = math.ceil(recent.person_free_in_s / 60)
        raise TooSoon(i18n.text("question.too_many", reader, limit=settings.person_hourly, minutes=minutes))
    if recent.by_course > settings.course_daily:
        minutes = math.ceil(recent.course_free_in_s / 60)
        raise TooSoon(i18n.text("question.course_too_many", reader, limit=settings.course_daily, minutes=minutes))
