"""Ports for servers that must be told where to listen."""

import socket
from contextlib import suppress
from random import SystemRandom

NEVER_GIVEN_OUT = range(20_000, 32_768)
"""Who asks for any port, as every client does, gets a higher one: on Linux from 32,768, on macOS from 49,152 on."""
CHANCE = SystemRandom()  # the other one begins alike in each process of a run


def free_port() -> int:
    """Return a port of this machine that nobody has, nor gets by chance before it is used."""
    while True:
        port = CHANCE.choice(NEVER_GIVEN_OUT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
