"""Tell what passes by itself, such as a database that was away for a second, from what is wrong with us."""

import psycopg

from services.errors import MonitoriaError

PASSING = (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError)
"""A lost or refused connection, a cancelled statement, and a pool that has no connection to give."""


def is_passing(error: BaseException) -> bool:
    """
    Say whether *error* is of the world and needs no trace in the log.

    >>> is_passing(psycopg.OperationalError("the connection is lost")), is_passing(KeyError("x"))
    (True, False)
    """
    return isinstance(error, (*PASSING, MonitoriaError))
