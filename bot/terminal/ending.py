"""Run one command to its end, and say in one sentence what went wrong, if anything did."""

import asyncio
import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar, cast

from pydantic import ValidationError

from services.errors import Misconfigured, MonitoriaError
from services.ground.lazily import lazily

if TYPE_CHECKING:
    from bot.terminal import console
else:
    console = lazily("bot.terminal.console")  # a command that went well, and `--help`, print nothing by it

T = TypeVar("T")

EX_CONFIG = 78
"""Of sysexits.h, on every system: what a supervisor is told not to restart upon."""

INTERRUPTED = 128 + signal.SIGINT
KEPT = "what was done so far is kept"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def speakable() -> None:
    """Let output lose characters that its encoding lacks, not itself: not every terminal and pipe takes UTF-8."""
    stdout: TextIO | None = sys.stdout
    if stdout is None:  # the shell has closed it
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    elif isinstance(stdout, io.TextIOWrapper):
        cast("io.TextIOWrapper", stdout).reconfigure(errors="replace")


def in_a_sentence(doing: Callable[[], None]) -> None:
    """
    Do a command's work, or end the process with one sentence that says what went wrong.

    Exit 0 when done, 1 when something failed, 2 on wrong usage, 78 when nothing can work until a setting is changed.
    """
    try:
        doing()
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        # typer ends so without a word, on a Ctrl-C while the command's modules are still being loaded.
        _fail(f"Interrupted; {KEPT}.", code=INTERRUPTED)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        _fail(f"{name} is {first['input']!r}, which cannot be used ({first['msg']}); correct it or leave it unset.")
    except Misconfigured as error:
        _fail(str(error), code=EX_CONFIG)
    except MonitoriaError as error:
        _fail(str(error))
    except Exception as error:
        logging.getLogger(__name__).debug("cli.unexpected", exc_info=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            _nothing_more_to_flush()
            _fail(f"There is no room for what this command writes ({error.strerror}); make some, and run it again.")
        said = next(iter(str(error).splitlines()), "")[:200]
        _fail(
            f"Something happened that Monitoria did not expect ({type(error).__name__}: {said}); "
            "set MONITORIA_LOG_LEVEL=debug to see where, and report it."
        )
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        _fail(f"Interrupted; {str(error) or KEPT}.", code=INTERRUPTED)


def to_the_end(work: Coroutine[Any, Any, T], *, when_interrupted: str = KEPT) -> T:
    """Run *work*; a SIGTERM ends it as Ctrl-C does, so that everything is closed in order."""

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except (KeyboardInterrupt, asyncio.CancelledError):
        # `in_a_sentence` says so in a sentence; typer would end on a KeyboardInterrupt without a word.
        raise asyncio.CancelledError(when_interrupted) from None


def _nothing_more_to_flush() -> None:
    # What is still buffered would fail again, with a traceback, when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _fail(sentence: str, *, code: int = 1) -> NoReturn:
    console.tell(sentence, style="red")
    raise SystemExit(code)
