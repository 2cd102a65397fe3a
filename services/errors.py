"""
The errors that Monitoria raises on purpose; each message names the thing, the reason and what to do.

MonitoriaError                 every error we raise on purpose
  x Refused                    the person can fix it; shown to them
    - Misconfigured            the operator must change a setting; to start again before helps nothing
  x Unavailable                the world failed; worth another try later
  x Broken                     we are wrong; stop and say so
"""


class MonitoriaError(Exception):
    """Something that Monitoria expected could go wrong."""


class Refused(MonitoriaError):
    """The person who asked can fix this."""


class Misconfigured(Refused):
    """A setting is missing or wrong: a supervisor should not try again until the operator has changed it."""


class Unavailable(MonitoriaError):
    """Something outside Monitoria did not answer as it should."""


class Broken(MonitoriaError):
    """Monitoria itself is wrong or older than its data."""
