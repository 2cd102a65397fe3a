"""The HTTP client through which every model is asked."""

import os
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from services.errors import Misconfigured
from services.ground.lazily import lazily

if TYPE_CHECKING:
    import httpx2
    import openai
else:
    httpx2, openai = lazily("httpx2"), lazily("openai")

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def http_client() -> "httpx2.AsyncClient":
    """
    Return a client that uses this environment's proxies and trusted certificates.

    Questions and passages go where the operator said, and nowhere that a server sends them on to.

    Raises:
        Misconfigured: the variables that name proxies or certificates cannot be followed.

    """
    trusted = _trusted(*(os.environ.get(name) for name in CERTIFICATES))
    try:
        return openai.DefaultAsyncHttpxClient(follow_redirects=False, verify=trusted)
    except ImportError:
        raise Misconfigured(
            f"A proxy in {' or '.join(_given(PROXIES))} speaks SOCKS, which needs a package more:"
            " install socksio beside Monitoria, or name an HTTP proxy such as http://localhost:3128."
        ) from None
    except Exception:  # noqa: BLE001 - httpx2's InvalidURL is not even a ValueError; the text may hold a password
        raise Misconfigured(
            f"A proxy in {' or '.join(_given(PROXIES))} cannot be used;"
            " write one such as http://localhost:3128, or unset it."
        ) from None


def is_address(text: str) -> bool:
    """Return whether *text* names a server and how to reach it: `localhost:8000/v1` says only one of the two."""
    try:
        parts, url = urlsplit(text), httpx2.URL(text)  # each refuses what the other takes
    except Exception:  # noqa: BLE001 - httpx2's InvalidURL is not even a ValueError
        return False
    return url.scheme in {"http", "https"} and bool(parts.hostname)


@lru_cache(maxsize=1)
def _trusted(*_: str | None) -> ssl.SSLContext:
    """Return what is trusted where the variables are these: reading all certificates takes longer than a search."""
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        raise Misconfigured(
            f"The certificates of {next(iter(_given(CERTIFICATES)), 'this machine')} cannot be read"
            f" ({error.strerror or error});"
            " name a file or folder of certificates in PEM with SSL_CERT_FILE or SSL_CERT_DIR."
        ) from None


def _given(variables: tuple[str, ...]) -> list[str]:
    """Return those of the variables that this environment has, in either spelling."""
    return [name for each in variables for name in (each, each.lower()) if os.environ.get(name)]
