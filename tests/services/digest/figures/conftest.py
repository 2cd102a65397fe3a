"""A course to count in, for each test anew."""

from collections.abc import AsyncGenerator

import pytest

from db import connect
from services.courses.courses import Courses
from tests.services.digest.figures.term import Term


@pytest.fixture
async def term(database: str) -> AsyncGenerator[Term, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        made = Term(pool=pool, course=course)
        await made.write(
            "insert into course_settings (course_id, price_in, price_out, currency) values (1, 1, 10, 'USD')"
        )
        await made.write(
            "insert into lectures (course_id, slug, title, language, video_url, duration_s, source)"
            " values (1, 'a', 'Aula A', 'pt', 'https://youtu.be/x', 3600, 'a')"
        )
        await made.write(
            "insert into transcripts (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s,"
            " cue_texts) values (1, 1, 1, 'f', 'vtt', '{0}', '{9}', '{x}')"
        )
        await made.write(
            "insert into segments (course_id, lecture_id, transcript_id, position, start_s, end_s, text, cue_offsets,"
            " cue_starts_s) values (1, 1, 1, 0, 0, 3600, 'x', '{0}', '{0}')"
        )
        yield made
