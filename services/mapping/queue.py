"""Show an operator what became of the promised maps."""

from collections.abc import Sequence

from psycopg_pool import AsyncConnectionPool

from db import breakers, map_jobs
from db.records import Course
from db.records.maps import MapStage
from db.records.operation import QueueState

QUEUE = "maps"
MOST_LISTED = 200


def stages(*, is_written: bool) -> Sequence[MapStage]:
    """What can be due: without a model that writes, lines stay quotations, and no job waits for anything."""
    return ("cut", "write") if is_written else ("cut",)


class MapQueue:
    """The queue of maps, as an operator sees it; *is_written*: there is a model that writes their lines."""

    def __init__(self, pool: AsyncConnectionPool, *, is_written: bool) -> None:
        self._pool = pool
        self._stages = stages(is_written=is_written)

    async def state(self, course: Course | None) -> QueueState:
        """What became of the maps; listed are those of *course*, or of all."""
        async with self._pool.connection() as conn:
            return QueueState(
                counts=await map_jobs.counts(conn, stages=self._stages),
                jobs=await map_jobs.listed(conn, stages=self._stages, course=course and course.id, most=MOST_LISTED),
                breaker=await breakers.of(conn, QUEUE),
            )

    async def requeue(self, course: Course | None, name: str | None) -> int:
        """Give dead maps all their attempts again, or the one called *name* (COURSE/LECTURE); return how many."""
        async with self._pool.connection() as conn:
            return await map_jobs.requeue_dead(conn, course=course and course.id, name=name)
