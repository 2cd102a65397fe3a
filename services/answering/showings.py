"""Know where each answer stands, and see that every place shows what is true now."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from db import answers, deliveries, edits, orphans, put_off, showings
from db.edits import HandId
from db.records import AnswerId, AnswerMessage, Delivery, Language, Showing
from db.records.operation import Orphan
from services.answering.released import News

LEASE = timedelta(seconds=60)
"""How long whoever edits, sends or deletes a message has for it."""
FIRST_GAP = timedelta(seconds=15)
MOST_AT_A_TIME = 5
NONCE_MEMORY_S = 60.0
"""As long as this, Discord certainly makes one message of two sends with one nonce."""
LOOKED_FOR_S = 180.0
"""After this, a message of which nobody knows whether it arrived would have."""


class Showings:
    """The places where answers stand. Any number of processes may look after them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    # Being sent

    async def claim(self, showing: Showing, count: int) -> None:
        """Claim *count* messages before they are sent."""
        async with self._pool.connection() as conn:
            await showings.put_messages(conn, showing=showing, numbers=range(count))

    async def claim_further(self, showing: Showing, numbers: Sequence[int]) -> None:
        """Claim messages beyond those that there were."""
        async with self._pool.connection() as conn:
            await showings.put_messages(conn, showing=showing, numbers=numbers)

    async def sent(self, showing: Showing, number: int, message: int) -> bool:
        """Keep the id of a message; False: the answer has gone meanwhile, and the message should go too."""
        async with self._pool.connection() as conn:
            return await showings.sent(conn, showing=showing, number=number, message=message)

    async def arrived(self, showing: Showing, *, count: int, shows_question: bool) -> None:
        """Take note that the answer stands there, in *count* messages."""
        async with self._pool.connection() as conn:
            await showings.arrived(conn, showing=showing, count=count, shows_question=shows_question)
            if showing.kind == "reply":
                await deliveries.arrived(conn, question=showing.question_id, course=showing.course_id)

    async def share(self, delivery: Delivery, *, guild: int | None, channel: int, language: Language) -> Showing | None:
        """Be the one who makes a private answer public; None: somebody is, or was."""
        async with self._pool.connection() as conn:
            return await showings.open_share(
                conn,
                question=delivery.question_id,
                course=delivery.course.id,
                guild=guild,
                channel=channel,
                language=language,
                lease=LEASE,
            )

    async def notice(self, under: Showing, answer: AnswerId, message: int, news: News) -> Showing | None:
        """Be the one who tells what staff have done with an answer, under its *message*; None: it was told."""
        nonce = f"{'told' if news == 'corrected' else 'out'}.{answer}"
        async with self._pool.connection() as conn:
            return await showings.open_notice(conn, under=under, nonce=nonce, message=message, lease=LEASE)

    async def let_go(self, showing: Showing) -> None:
        """Let another try to send what could not be sent."""
        async with self._pool.connection() as conn:
            await showings.let_go(conn, showing=showing)

    # Being edited

    async def follow_lectures(self) -> None:
        """Let answers be edited that cite a lecture which was put off, or is there (again), since the last look."""
        async with self._pool.connection() as conn:
            for course, lecture in await put_off.changed(conn):
                await put_off.outdate(conn, course=course, lecture=lecture)

    async def due(self) -> list[Showing]:
        """Take places that do not show what is true; each must end in `shown`, `failed` or `over`."""
        async with self._pool.connection() as conn:
            return await showings.claim_due(conn, lease=LEASE, most=MOST_AT_A_TIME)

    async def begin(self, showing: Showing) -> tuple[HandId, Showing | None, AnswerId | None]:
        """Begin an edit; return the place as it is to be now, and its answer. None: they have gone."""
        async with self._pool.connection() as conn:
            hand = await edits.begin(conn, target="showing", target_id=showing.id, lease=LEASE)
            now = await showings.current_of(conn, showing=showing)
            answer = await answers.of_question(conn, course=showing.course_id, question=showing.question_id)
        return hand, now, answer.id if answer else None

    async def shown(self, showing: Showing, hand: HandId) -> None:
        """End an edit that has brought what was wanted when it began."""
        async with self._pool.connection() as conn:
            was_alone = await edits.end(conn, hand)
            await showings.shown(conn, showing=showing, was_alone=was_alone)

    async def failed(self, showing: Showing, hand: HandId) -> None:
        """End an edit that has not; it is tried again after a while."""
        async with self._pool.connection() as conn:
            await edits.end(conn, hand)
            await showings.failed(conn, showing=showing, first=FIRST_GAP)

    async def over(self, showing: Showing, hand: HandId | None = None) -> None:
        """Edit nothing there any more."""
        async with self._pool.connection() as conn:
            if hand is not None:
                await edits.end(conn, hand)
            await showings.over(conn, showing=showing)

    async def messages(self, showing: Showing) -> list[AnswerMessage]:
        async with self._pool.connection() as conn:
            return await showings.messages(conn, showing=showing)

    async def gone(self, showing: Showing, numbers: Sequence[int]) -> None:
        """Take note of messages that are no longer there, or never were."""
        async with self._pool.connection() as conn:
            await showings.gone(conn, showing=showing, numbers=numbers)

    # Being looked for

    async def answer_of(self, showing: Showing) -> AnswerId | None:
        async with self._pool.connection() as conn:
            answer = await answers.of_question(conn, course=showing.course_id, question=showing.question_id)
        return answer.id if answer else None

    async def lost(self) -> list[Showing]:
        """Take places of which nobody knows whether they exist; each must end in `found` or `over`."""
        async with self._pool.connection() as conn:
            return await showings.claim_lost(conn, lease=LEASE, most=MOST_AT_A_TIME)

    async def found(self, showing: Showing) -> None:
        """Take note that the place exists after all; the next round edits it."""
        async with self._pool.connection() as conn:
            await showings.found(conn, showing=showing)

    async def orphans(self) -> list[Orphan]:
        """Take messages of cards and answers that were deleted; each must end in `forget_orphan`, or comes again."""
        async with self._pool.connection() as conn:
            return await orphans.claim(conn, lease=LEASE, most=MOST_AT_A_TIME)

    async def forget_orphan(self, orphan: Orphan) -> None:
        async with self._pool.connection() as conn:
            await orphans.forget(conn, orphan.id)

    # Being asked about

    async def of_message(self, *, channel: int, message: int) -> Delivery | None:
        """Return the delivery of the question whose answer *message* shows."""
        async with self._pool.connection() as conn:
            question = await showings.of_message(conn, channel=channel, message=message)
            return None if question is None else await deliveries.of_question(conn, question)
