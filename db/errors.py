"""
What can go wrong with the database, each as one sentence: the thing, the reason, what to do.

DatabaseError                  every error that db raises on purpose
  x DatabaseUnavailable        it does not answer now; worth another try later
  x DatabaseRefused            rights, version or address: the operator can fix it
  x DatabaseBroken             program and database do not belong together; stop and say so
    - MigrationEdited          a file that was already applied has changed
    - MigrationFailed          the database refused a migration
    - MigrationsMisnumbered    the folder's numbers do not run 0001, 0002, 0003, …
    - SchemaAhead              the database was made by a newer Monitoria
"""

from urllib.parse import quote, quote_plus

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


class DatabaseError(Exception):
    """Something about the database that Monitoria expected could go wrong."""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer now."""


class DatabaseRefused(DatabaseError):
    """The operator can fix this: an address, a right, a version."""


class DatabaseBroken(DatabaseError):
    """Program and database do not belong together."""


class MigrationEdited(DatabaseBroken):
    """A file that was already applied has changed."""


class MigrationFailed(DatabaseBroken):
    """The database refused a migration."""


class MigrationsMisnumbered(DatabaseBroken):
    """The numbers in the folder of migrations have a gap or a double."""


class SchemaAhead(DatabaseBroken):
    """The database was made by a newer Monitoria."""


def describe(url: str) -> str:
    """
    Say which database *url* means, without anything that could be a secret.

    A password with a bare `@` or `/` shifts the parts of a URL, so that pieces of it
    look like a host or a name; such an address is not quoted at all.

    >>> describe("postgresql://ana:s3cret@db.example:5433/monitoria?sslpassword=x")
    "database 'monitoria' on 'db.example' (port 5433, user 'ana')"
    >>> describe("postgresql://ana:s3@cret@db.example/monitoria")
    'database whose address cannot be read'
    """
    parts = _parts(url)
    if parts is None:
        return "database whose address cannot be read"
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    details = [f"port {parts.get('port') or 5432}"]
    if user := parts.get("user"):
        details.append(f"user {user!r}")
    name = parts.get("dbname") or user or ""
    return f"database {name!r} on {host!r} ({', '.join(details)})"


def without_secrets(text: str, url: str) -> str:
    """Return *text* with every password of *url*, plain or percent-encoded, replaced by `…`."""
    parts = _parts(url)
    if parts is None:
        return "the reason is withheld, it may quote a part of the password"
    for name in ("password", "sslpassword"):
        if secret := parts.get(name):
            for spelling in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(spelling, "…")
    return text


def _parts(url: str) -> dict[str, str] | None:
    """Return the parameters of *url*, or None where they cannot be what its author meant."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (ProgrammingError, UnicodeError):
        return None
    shifted = any("@" in parts.get(name, "") for name in ("host", "dbname", "user"))
    ports = parts.get("port", "5432").split(",")
    return None if shifted or not all(port.isdigit() for port in ports) else parts
