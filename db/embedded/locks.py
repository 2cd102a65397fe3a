"""Hold files locked while a process lives, so that even `kill -9` lets go of them."""

import fcntl
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from db.errors import DatabaseUnavailable

PAUSE_S = 0.01


class AbandonedError(Exception):
    """The caller no longer wants what was being waited for."""


class Wait:
    """One limit for everything a caller waits for, which the caller may cut short."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._until = time.monotonic() + limit_s
        self._abandoned = threading.Event()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def abandon(self) -> None:
        self._abandoned.set()

    def pause(self) -> None:
        """
        Sleep for a moment.

        Raises:
            AbandonedError: the caller gave up.

        """
        if self._abandoned.wait(PAUSE_S):
            raise AbandonedError


def opened(path: Path) -> int:
    """Open the lock file *path*; whoever holds a lock on it lets go by closing this descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def shared(descriptor: int) -> None:
    """Hold the lock together with any number of others."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def exclusive(descriptor: int) -> bool:
    """Try to hold the lock alone, and say whether that worked; never waits."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def turn(path: Path, wait: Wait) -> Generator[None, None, None]:
    """
    Let one process in at a time.

    Raises:
        DatabaseUnavailable: another process kept its turn for longer than *wait*.

    """
    descriptor = opened(path)
    try:
        while not exclusive(descriptor):
            if wait.is_over:
                raise DatabaseUnavailable(
                    f"The embedded database in {str(path.parent)!r} has been starting or stopping in another "
                    f"process for {wait.limit_s:.0f} s; end that process or try again."
                )
            wait.pause()
        yield
    finally:
        os.close(descriptor)
