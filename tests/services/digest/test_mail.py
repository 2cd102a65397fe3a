import asyncio
import email.policy
import logging
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from typing import Any

import pytest
import trustme

from db.records import Language
from services.digest.page import mail
from services.digest.page.mail import Mailer, MailServer, mail_server, message, sender_named
from services.digest.posting.posting import Mail
from services.digest.report import Digest
from services.errors import Misconfigured, MonitoriaError, Refused, Unavailable
from tests.services.digest import made_up
from tests.services.digest.smtp_server import SmtpServer, Tls, listening

PNG = b"\x89PNG\r\n\x1a\nnot drawn"
SENDER = sender_named("Monitoria <monitoria@example.edu>")
LOGIN = "bot@example.edu:p@ss/w:rd"
MAIL = Mail(
    course=made_up.COURSE,
    period=made_up.BELIEVABLE.period,
    addresses=("ana@example.edu", "joao@example.edu"),
    nonce="0123456789abcdef01234567",
)
WHEN = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


Serve = Callable[..., AbstractAsyncContextManager[SmtpServer]]


@pytest.fixture
def serve(authority: trustme.CA) -> Serve:
    """Start a server that has a certificate for "localhost", or for the name it is given."""

    def started(*, tls: Tls = "first", name: str = "localhost", **more: Any) -> AbstractAsyncContextManager[SmtpServer]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate: Any = authority.issue_cert(name)
        certificate.configure_cert(context)
        return listening(SmtpServer(tls=tls, context=context, login=LOGIN, **more))

    return started


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    trusted: Any = authority
    trusted.configure_trust(context)
    return context


async def drawn(_digest: Digest, _language: Language) -> bytes | None:
    return PNG


def mailer(server: SmtpServer, context: ssl.SSLContext, *, scheme: str = "smtps", limit_s: float = 30.0) -> Mailer:
    url = f"{scheme}://bot%40example.edu:p%40ss%2Fw%3Ard@localhost:{server.port}"
    return Mailer(server=mail_server(url), sender=SENDER, context=context, draw=drawn, limit_s=limit_s)


def parsed(server: SmtpServer) -> EmailMessage:
    [received] = server.received
    return BytesParser(policy=email.policy.default).parsebytes(received.content)


@pytest.mark.parametrize(("tls", "scheme"), [("first", "smtps"), ("starttls", "smtp+starttls")])
async def test_a_digest_arrives_encrypted_as_text_and_page_with_the_charts(
    serve: Serve, trusting: ssl.SSLContext, tls: Tls, scheme: str
) -> None:
    async with serve(tls=tls) as server:
        await mailer(server, trusting, scheme=scheme).send(MAIL, made_up.BELIEVABLE)

    [received] = server.received
    assert received.was_encrypted
    assert received.login == LOGIN
    assert received.sender == "monitoria@example.edu"
    assert received.recipients == ["ana@example.edu", "joao@example.edu"]
    written = parsed(server)
    assert written["Subject"] == "Redes Neurais e Aprendizado Profundo, 16 a 22 de novembro de 2026: 142 perguntas"
    assert written["Message-ID"] == "<0123456789abcdef01234567@example.edu>"
    assert [part.get_content_type() for part in written.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    text, page, picture = (part for part in written.walk() if not part.is_multipart())
    assert "142 perguntas de 61 estudantes" in text.get_content()
    assert picture.get_content() == PNG
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page.get_content()


async def test_a_mail_has_no_picture_where_none_could_be_drawn(serve: Serve, trusting: ssl.SSLContext) -> None:
    async def not_drawn(_digest: Digest, _language: Language) -> None:
        return None

    async with serve() as server:
        await replace(mailer(server, trusting), draw=not_drawn).send(MAIL, made_up.BELIEVABLE)

    written = parsed(server)
    assert [part.get_content_type() for part in written.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "<svg" in written.get_body(("html",)).get_content()  # pyright: ignore[reportOptionalMemberAccess] - the types just above say that it is there


async def test_no_password_goes_to_a_server_whose_certificate_is_not_to_be_trusted(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    for tls, scheme in (("first", "smtps"), ("starttls", "smtp+starttls")):
        for name, context in (("other.example", trusting), ("localhost", ssl.create_default_context())):
            async with serve(tls=tls, name=name) as server:
                with pytest.raises(Unavailable, match=r"^The mail server 'localhost' .*certificate"):
                    await mailer(server, context, scheme=scheme).send(MAIL, made_up.BELIEVABLE)

            assert not [line for line in server.seen if line.startswith("AUTH")]


async def test_a_server_that_offers_no_encryption_gets_nothing(serve: Serve, trusting: ssl.SSLContext) -> None:
    async with serve(tls="none") as server:
        with pytest.raises(Refused, match="offers no STARTTLS"):
            await mailer(server, trusting, scheme="smtp+starttls").send(MAIL, made_up.BELIEVABLE)

    assert not [line for line in server.seen if line.startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize(
    ("replies", "error", "said"),
    [
        ({"AUTH": "535 no"}, Refused, "does not take the user and password (535)"),
        ({"AUTH": "454 later"}, Unavailable, "not take the mail now (454)"),
        ({"MAIL": "550 spam s3cret"}, Refused, "refuses the mail (550)"),
        ({"MAIL": "451 later"}, Unavailable, "not take the mail now (451)"),
        ({"RCPT": "550 unknown"}, Refused, "refuses every address (550)"),
        ({"RCPT": "450 greylisted"}, Unavailable, "none of the addresses now (450)"),
        ({"DATA": "554 no"}, Refused, "refuses the mail (554)"),
        ({"EHLO": ""}, Unavailable, "did not take the mail within 2 s"),
        ({"DATA": ""}, Unavailable, "did not take the mail within 2 s"),
        ({"QUIT": ""}, None, ""),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_one_sentence_without_the_password(
    serve: Serve, trusting: ssl.SSLContext, replies: dict[str, str], error: type[MonitoriaError] | None, said: str
) -> None:
    async with serve(replies=replies) as server:
        limit_s = 2.0 if "" in replies.values() else 30.0
        send = mailer(server, trusting, limit_s=limit_s).send(MAIL, made_up.BELIEVABLE)
        if error is None:
            await asyncio.wait_for(send, 60)
            return
        with pytest.raises(error) as caught:
            await asyncio.wait_for(send, 60)

    assert said in str(caught.value)
    assert "p@ss" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_server_that_is_not_there_may_come_back(trusting: ssl.SSLContext) -> None:
    server = SmtpServer(tls="first", context=trusting, port=1)

    with pytest.raises(Unavailable, match="cannot be reached"):
        await mailer(server, trusting).send(MAIL, made_up.BELIEVABLE)


async def test_who_could_be_reached_does_not_get_it_twice(
    serve: Serve, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(replies={"RCPT TO:<joao": "550 unknown"}) as server:
        with caplog.at_level(logging.WARNING):
            await mailer(server, trusting).send(MAIL, made_up.BELIEVABLE)

    assert server.received[0].recipients == ["ana@example.edu"]
    [record] = [record for record in caplog.records if record.name == mail.__name__]
    assert (record.__dict__["refused"], record.__dict__["codes"]) == (1, [550])
    assert "joao" not in str(record.__dict__)


async def test_the_charts_are_drawn_in_the_language_of_the_course(serve: Serve, trusting: ssl.SSLContext) -> None:
    asked: list[Language] = []

    async def asking(_digest: Digest, language: Language) -> bytes | None:
        asked.append(language)
        return PNG

    english = replace(MAIL, course=replace(made_up.COURSE, language="en"))
    async with serve() as server:
        await replace(mailer(server, trusting), draw=asking).send(english, made_up.BELIEVABLE)

    assert asked == ["en"]
    assert parsed(server)["Content-Language"] == "en"


def test_a_mail_is_the_same_at_each_attempt_for_whoever_has_it_already() -> None:
    write = partial(message, MAIL, made_up.BELIEVABLE, sender=SENDER, picture=PNG)

    assert write(sent_at=WHEN)["Message-ID"] == write(sent_at=datetime.now(UTC))["Message-ID"]


def test_titles_write_no_headers() -> None:
    written = message(MAIL, made_up.HOSTILE, sender=SENDER, sent_at=WHEN, picture=None)

    assert "Bcc" not in written
    assert "\n" not in str(written["Subject"])
    assert BytesParser(policy=email.policy.default).parsebytes(bytes(written)).keys() == written.keys()


@pytest.mark.parametrize(
    "address", ["", "ana", "ana@example.edu\nBcc: eve@example.edu", "Ana <ana@example.edu>", "a b@c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    wrong = replace(MAIL, addresses=(address,))

    with pytest.raises(Refused, match="is no mail address"):
        message(wrong, made_up.BELIEVABLE, sender=SENDER, sent_at=WHEN, picture=None)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtps://bot:p%40ss@mail.example.edu",
            MailServer(host="mail.example.edu", port=465, has_starttls=False, user="bot", password="p@ss"),
        ),
        (
            "smtp+starttls://mail.example.edu:2525/",
            MailServer(host="mail.example.edu", port=2525, has_starttls=True, user=None, password=None),
        ),
        (
            "SMTPS://u:p@[::1]:465",
            MailServer(host="::1", port=465, has_starttls=False, user="u", password="p"),
        ),
    ],
)
def test_a_server_is_named_by_an_address(url: str, server: MailServer) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://bot:s3cret@mail.example.edu", "no encrypted way"),
        ("mail.example.edu:465", "no encrypted way"),
        ("", "no encrypted way"),
        ("smtps://bot:s3cret@", "no host"),
        ("smtps://bot:s3cret@mail.example.edu:many", "cannot be read"),
        ("smtps://bot:s3cret@[mail", "cannot be read"),
        ("smtps://bot:s3/cret@mail.example.edu", "cannot be read"),
        ("smtps://bot:s3cret#x@mail.example.edu", "cannot be read"),
        ("smtps://bot:s3cret@mail.example.edu/inbox", "goes on after the host"),
        ("smtps://bot@mail.example.edu", "without a password"),
    ],
)
def test_an_address_that_is_none_is_not_repeated(url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as caught:
        mail_server(url)

    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_password_is_not_in_what_is_printed() -> None:
    server = mail_server("smtps://bot:s3cret@mail.example.edu")

    assert "s3cret" not in repr(server)
    assert "s3cret" not in repr(Mailer(server=server, sender=SENDER))


@pytest.mark.parametrize("written", ["", "Monitoria", "Monitoria <>", "a@b@c", "Monitoria\nBcc: eve@x.example <a@b.c>"])
def test_a_sender_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(Misconfigured, match="is no address"):
        sender_named(written)
