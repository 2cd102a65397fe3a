"""A course that is made up, with its channels, its lectures and what an ingest says of them."""

from datetime import UTC, date, datetime
from pathlib import Path

from bot.discord.permissions import Permission
from db.records import Binding, Course, CourseId, CourseSettings, Lecture, LectureFacts, LectureId, TranscriptId
from services.lectures.captions import Refusal
from services.lectures.ingest import Status, Taken

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
FACTS = LectureFacts(id=LectureId(5), slug="aula-5", title="Aula 5: *Redes*", held_on=date(2026, 3, 12))


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
