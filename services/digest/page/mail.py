"""
Send a digest by e-mail: text and a page, with the charts in it.

The mail server is named by an address: `smtps://user:password@host:465` speaks TLS from the first byte,
`smtp+starttls://user:password@host:587` before it says anything of worth. The server's certificate is checked against
its name in both; there is no third way. The password appears in no error and no log.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import aiosmtplib

from db.records import Language
from services.digest.page import charts, pages
from services.digest.posting.posting import Mail
from services.digest.report import Digest
from services.errors import Misconfigured, Refused, Unavailable

log = logging.getLogger(__name__)

EXAMPLE = "smtps://user:password@mail.example.edu:465"
PORTS = {"smtps": 465, "smtp+starttls": 587}
PICTURE_NAME = "charts.png"
STEP_S = 20.0
"""How long the server may take for one step of a conversation."""

Draw = Callable[[Digest, Language], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    has_starttls: bool  # False: TLS from the first byte
    user: str | None
    password: str | None = field(repr=False)


def mail_server(url: str) -> MailServer:
    """
    Read the address of a mail server; characters such as `@` in the password are written as in any address (`%40`).

    >>> mail_server("smtps://bot%40example.edu:s3cret@mail.example.edu")
    MailServer(host='mail.example.edu', port=465, has_starttls=False, user='bot@example.edu')

    Raises:
        Misconfigured: it is none; the sentence does not repeat it, since it holds a password.

    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS.get(parts.scheme, 0)
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    except ValueError:
        _misconfigured("cannot be read")
    if parts.scheme not in PORTS:
        _misconfigured("names no encrypted way to send; it begins with smtps:// or smtp+starttls://")
    if not parts.hostname:
        _misconfigured("names no host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        _misconfigured("goes on after the host; write %2F, %3F and %23 for /, ? and # in a password")
    if bool(user) != bool(password):
        _misconfigured("has a user without a password, or the other way round")
    return MailServer(
        host=parts.hostname, port=port, has_starttls=parts.scheme != "smtps", user=user, password=password
    )


def sender_named(written: str) -> Address:
    """
    Read whom the mail is from.

    >>> str(sender_named("Monitoria <monitoria@example.edu>"))
    'Monitoria <monitoria@example.edu>'

    Raises:
        Misconfigured: it is no address.

    """
    name, address = parseaddr(written)
    try:
        if not written.isprintable():
            raise ValueError  # noqa: TRY301 - a line break would begin another header
        return Address(display_name=name, addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise Misconfigured(
            f"The sender {written[:80]!r} is no address; write one such as 'Monitoria <monitoria@example.edu>'."
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """Sends digests from one sender through one server."""

    server: MailServer
    sender: Address
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    draw: Draw = charts.drawn
    limit_s: float = 30.0  # with the time that drawing may take, less than `PostingPace.post_limit_s`

    async def send(self, mail: Mail, digest: Digest) -> None:
        """
        Send *digest* to all addresses of *mail*, once.

        Raises:
            Refused: the server will not take it until somebody changes something.
            Unavailable: it may be worth another try.

        """
        picture = await self.draw(digest, mail.course.language)
        written = message(mail, digest, sender=self.sender, sent_at=datetime.now(UTC), picture=picture)
        await sent(self.server, written, context=self.context, limit_s=self.limit_s)


def message(mail: Mail, digest: Digest, *, sender: Address, sent_at: datetime, picture: bytes | None) -> EmailMessage:
    """
    Write the mail: plain text, and the page with *picture* in it.

    Its id is the same at each attempt, so that mail programs show it once.

    Raises:
        Refused: one of the addresses is none.

    """
    language = mail.course.language
    written = EmailMessage()
    written["Subject"] = pages.subject(digest, language)
    written["From"] = sender
    written["To"] = tuple(map(_recipient, mail.addresses))
    written["Date"] = format_datetime(sent_at)
    written["Message-ID"] = f"<{mail.nonce}@{sender.domain}>"
    written["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notice comes back
    written.set_content(pages.text(digest, language))
    content_id = f"{mail.nonce}.charts@{sender.domain}" if picture else None
    written.add_alternative(pages.html(digest, language, picture=content_id), subtype="html")
    written["Content-Language"] = language  # before there are parts, it would go to the first of them
    if picture:
        # The page is the second alternative; what it shows is related to it alone.
        page = next(part for part in written.iter_parts() if part.get_content_type() == "text/html")
        assert isinstance(page, EmailMessage)  # noqa: S101 - it was made above, by the same policy
        page.add_related(picture, "image", "png", cid=f"<{content_id}>", filename=PICTURE_NAME, disposition="inline")
    return written


async def sent(server: MailServer, written: EmailMessage, *, context: ssl.SSLContext, limit_s: float) -> None:
    """
    Hand *written* to the server within *limit_s*.

    Raises:
        Refused: the server will not take it until somebody changes something.
        Unavailable: it may be worth another try.

    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=not server.has_starttls,
        start_tls=False,  # asked for below, and insisted upon
        tls_context=context,
        local_hostname="[127.0.0.1]",  # else it asks the name service, which may take long
        timeout=min(STEP_S, limit_s),
    )
    try:
        async with asyncio.timeout(limit_s):
            refused = await _handed_in(client, server, written)
    except TimeoutError:  # aiosmtplib's own among them
        raise Unavailable(f"The mail server {server.host!r} did not take the mail within {limit_s:.0f} s.") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _explained(server, error) from None
    finally:
        client.close()
    if refused:  # the others have it: sending again would send it to them twice
        codes = sorted({response.code for response in refused.values()})
        log.warning("digest.mail_partly_refused", extra={"refused": len(refused), "codes": codes})


async def _handed_in(
    client: aiosmtplib.SMTP, server: MailServer, written: EmailMessage
) -> Mapping[str, aiosmtplib.SMTPResponse]:
    """Talk to the server, and return what it said to those of the addresses that it refused."""
    await client.connect()
    if server.has_starttls:
        await client.ehlo()
        if not client.supports_extension("starttls"):
            raise Refused(f"The mail server {server.host!r} offers no STARTTLS on port {server.port}.")
        await client.starttls()
    if server.user is not None and server.password is not None:
        await client.login(server.user, server.password)
    refused, _ = await client.send_message(written)
    return refused


def _explained(server: MailServer, error: aiosmtplib.SMTPException | OSError) -> Refused | Unavailable:
    """Return what the error means for whoever keeps the server's address; what it says itself may hold anything."""
    cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPConnectError) else error
    match cause:
        case ssl.SSLCertVerificationError():
            return Unavailable(f"The mail server {server.host!r} has no certificate to trust: {cause.verify_message}.")
        case aiosmtplib.SMTPAuthenticationError(code=code) if code >= 500:
            return Refused(f"The mail server {server.host!r} does not take the user and password ({code}).")
        case aiosmtplib.SMTPRecipientsRefused():
            return _all_refused(server, [one.code for one in cause.recipients])
        case aiosmtplib.SMTPNotSupported():
            return Refused(f"The mail server {server.host!r} lacks what is needed, such as a login we know.")
        case aiosmtplib.SMTPResponseException(code=code) if 500 <= code < 600:
            return Refused(f"The mail server {server.host!r} refuses the mail ({code}).")
        case aiosmtplib.SMTPResponseException(code=code):
            return Unavailable(f"The mail server {server.host!r} does not take the mail now ({code}).")
        case aiosmtplib.SMTPException():
            return Unavailable(f"The mail server {server.host!r} broke off ({type(cause).__name__}).")
        case OSError() if cause.strerror:
            return Unavailable(f"The mail server {server.host!r} cannot be reached: {cause.strerror}.")
        case _:
            return Unavailable(f"The mail server {server.host!r} cannot be reached ({type(cause).__name__}).")


def _all_refused(server: MailServer, codes: list[int]) -> Refused | Unavailable:
    if all(code >= 500 for code in codes):
        return Refused(f"The mail server {server.host!r} refuses every address ({codes[0] if codes else '?'}).")
    return Unavailable(f"The mail server {server.host!r} takes none of the addresses now ({codes[0]}).")


def _recipient(address: str) -> Address:
    try:
        return Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise Refused(f"{address[:80]!r} is no mail address; correct the course's list.") from None


def _misconfigured(what: str) -> NoReturn:
    raise Misconfigured(f"The mail server's address {what}; write one such as {EXAMPLE}.") from None
