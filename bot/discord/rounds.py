"""What is done now and again: trouble with one thing leaves the others, and the next round, alone."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from services.ground.trouble import is_passing

log = logging.getLogger(__name__)

T = TypeVar("T")


async def survived(event: str, work: Awaitable[None]) -> None:
    """Wait for *work*; its error is logged as *event*, with a trace where we did not expect it."""
    try:
        await work
    except Exception as error:
        if is_passing(error):
            log.warning(event, extra={"reason": repr(error)})
        else:
            log.exception(event)


async def each(event: str, things: Iterable[T], do: Callable[[T], Awaitable[object]]) -> None:
    """
    Do one thing after the other; an error that we did not expect is logged as *event* and ends that one alone.

    Raises what passes by itself, such as a cut database: it would be met by all the others too.
    """
    for thing in things:
        try:
            await do(thing)
        except Exception as error:
            if is_passing(error):
                raise
            log.exception(event)
