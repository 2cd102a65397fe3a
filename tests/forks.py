"""
Programs that start at once: forks of one process that has loaded Monitoria, each with an environment of its own.

`python -m tests.forks SOCKET` is that process; `python tests/forks.py SOCKET PROGRAM …`, which loads next to nothing,
stands for one fork: it hands over its streams, variables and folder, passes signals on, and ends as the fork does.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

LENGTH = 4
LOADED = [
    "bot.cli",
    "bot.process.environment",
    "bot.terminal.chat",
    "bot.terminal.demo",
    "bot.terminal.digest",
    "bot.terminal.judging.judge",
    "bot.terminal.judging.learn",
    "bot.terminal.judging.runs",
    "bot.terminal.mapping",
    "bot.terminal.queues",
    "bot.terminal.replay",
    "bot.running",
    "openai",
    "tests.bot.discord.launched",
]


def stand_for(address: str, arguments: list[str]) -> NoReturn:
    passed_on = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)  # until there is somebody to pass them on to
    there = socket.socket(socket.AF_UNIX)
    there.connect(address)
    wanted = {"arguments": arguments, "variables": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - fast
    said = json.dumps(wanted).encode()
    socket.send_fds(there, [len(said).to_bytes(LENGTH, "big")], [0, 1, 2])
    there.sendall(said)
    fork = int.from_bytes(there.recv(LENGTH), "big")

    def pass_on(number: int, _: object) -> None:
        with suppress(ProcessLookupError):  # it has ended, and how is about to be told
            os.kill(fork, number)

    for which in passed_on:
        signal.signal(which, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    status = int.from_bytes(there.recv(LENGTH), "big", signed=True)
    if status < 0:
        for which in passed_on:
            signal.signal(which, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def settle(address: str) -> None:
    """Return once the forks have ended whose stand-ins are dead: they are killed a moment later."""
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(address)
        there.shutdown(socket.SHUT_WR)  # it asks for nothing, and is let go in its turn
        there.recv(LENGTH)


def serve(address: str) -> dict[str, Any]:
    """Fork for each that asks, until standard input ends; return what was asked for, in the fork."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    noticed, notices = socket.socketpair()
    notices.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # but it is noticed
    signal.set_wakeup_fd(notices.fileno(), warn_on_full_buffer=False)
    forks: dict[int, socket.socket] = {}
    print("ready", flush=True)  # noqa: T201 - what the tests wait for
    while True:
        ready, _, _ = select.select([0, listening, noticed, *forks.values()], [], [])
        if 0 in ready:
            raise SystemExit(0)
        if noticed in ready:
            noticed.recv(4096)
        _let_go(forks, ready)
        if listening in ready and (asked := _asked(listening)):
            connection, wanted = asked
            fork = os.fork()
            if not fork:
                signal.set_wakeup_fd(-1)
                for one in (listening, noticed, notices, connection, *forks.values()):
                    one.close()
                return wanted
            for stream in wanted["streams"]:
                os.close(stream)
            with suppress(OSError):  # killed meanwhile, which the next round finds
                connection.sendall(fork.to_bytes(LENGTH, "big"))
            forks[fork] = connection


def _asked(listening: socket.socket) -> tuple[socket.socket, dict[str, Any]] | None:
    """Return who asks, and for what; None where somebody was killed before it could say so."""
    connection, _ = listening.accept()
    head, streams, _, _ = socket.recv_fds(connection, LENGTH, 3)
    size, said = int.from_bytes(head, "big"), b""
    while len(said) < size and (part := connection.recv(size - len(said))):
        said += part
    if size and len(said) == size:
        return connection, json.loads(said) | {"streams": streams}
    connection.close()
    for stream in streams:
        os.close(stream)
    return None


def _let_go(forks: dict[int, socket.socket], ready: Collection[object]) -> None:
    """Tell of each fork that has ended how it did, and end those that nobody stands for any more."""
    for fork, connection in [*forks.items()]:
        ended, status = os.waitpid(fork, os.WNOHANG)
        if ended:
            with suppress(OSError):
                connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(LENGTH, "big", signed=True))
        elif connection in ready:
            os.kill(fork, signal.SIGKILL)
            os.waitpid(fork, 0)
        if ended or connection in ready:
            forks.pop(fork).close()


def become(wanted: dict[str, Any]) -> None:
    """Take the streams, the variables and the folder of who asked, and be the program."""
    for place, stream in enumerate(wanted["streams"]):
        os.dup2(stream, place)
        os.close(stream)
    os.environ.clear()
    os.environ.update(wanted["variables"])
    os.chdir(wanted["folder"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As Python opens them where no locale is set.
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    program, *arguments = wanted["arguments"]
    sys.argv = [program, *arguments]
    try:
        if program == "monitoria":
            from bot import cli

            cli.main()
        else:
            from tests.bot.discord import launched

            launched.main()
    except SystemExit as ended:
        leave(ended.code)
    leave(None)


def leave(code: object) -> NoReturn:
    """End as a program does, but for taking apart all that was loaded, which costs ten times what most commands do."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)  # noqa: T201 - as Python does
        code = 1
    threading, at_exit = map(import_module, ("threading", "atexit"))
    threading._shutdown()
    at_exit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__" and len(sys.argv) > 2:
    stand_for(sys.argv[1], sys.argv[2:])
elif __name__ == "__main__":
    from services.words import language

    for name in LOADED:
        import_module(name)
    language.warm()
    # What is here stays as it is: else each fork's collector would write into, and so copy, every page of it.
    gc.collect()
    gc.freeze()
    become(serve(sys.argv[1]))
