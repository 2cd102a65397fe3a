"""Build the address that opens a lecture's video at the second where something is said."""

import re
from collections.abc import Callable
from urllib.parse import ParseResult, unquote_plus, urlparse

MEDIA_FILE = re.compile(r"\.(?:mp4|webm|m4v|mov|mp3|m4a|ogg|ogv|oga|opus|wav|m3u8|mpd)$", re.IGNORECASE)
KALTURA_ENTRY = re.compile(r"/media/(?:[^/]+/)?[01]_[0-9a-z]{8}(?:/|$)")
PANOPTO_VIEWER = re.compile(r"/Panopto/Pages/(?:Viewer|Embed)\.aspx$", re.IGNORECASE)
DRIVE_FILE = re.compile(r"/file/(?:u/\d+/)?d/[^/]+")
UNWRITABLE = re.compile(r"[\s<>\"\\^`{|}\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def moment(url: str | None, start_s: float, duration_s: float | None) -> str | None:
    """
    Return *url* so that it opens at the whole second before *start_s*, or None where there is nothing to open.

    There is nothing where the lecture has no video, where the start lies past the video's end, and where
    *url* is not a plain web address: another scheme, a name or password in it, characters no address has.
    A page whose host takes no time is returned as it is.

    >>> moment("https://youtu.be/abc?list=PL1", 75.9, None)
    'https://youtu.be/abc?list=PL1&t=75'
    """
    if url is None or UNWRITABLE.search(url) or (duration_s is not None and start_s >= duration_s):
        return None
    try:
        parts = urlparse(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port  # read only to have a wrong one refused
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    return _opener(host, parts)(parts, max(0, int(start_s)))


def _opener(host: str, parts: ParseResult) -> Callable[[ParseResult, int], str]:
    """Choose how the host wants to be told the second."""
    if _is_at(host, "youtube.com", "youtube-nocookie.com", "youtu.be"):
        # The embedded player reads `start`, every other page reads `t`.
        return _youtube_embed if parts.path.startswith("/embed/") else _youtube
    if _is_at(host, "vimeo.com"):
        return lambda parts, second: _with_fragment(parts, f"t={second}s")
    if PANOPTO_VIEWER.search(parts.path):
        return lambda parts, second: _with_query(parts, f"start={second}", replacing=("start",))
    if KALTURA_ENTRY.search(parts.path):
        return lambda parts, second: _with_query(parts, f"st={second}", replacing=("st",))
    if _is_at(host, "drive.google.com") and DRIVE_FILE.match(parts.path):
        return _drive
    if _is_at(host, "twitch.tv") and re.match(r"/videos/\d+", parts.path):
        return lambda parts, second: _with_query(parts, f"t={_clock(second)}", replacing=("t",))
    if MEDIA_FILE.search(parts.path):
        return lambda parts, second: _with_fragment(parts, f"t={second}")
    return lambda parts, _second: parts.geturl()


def _is_at(host: str, *domains: str) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _youtube(parts: ParseResult, second: int) -> str:
    return _with_query(parts, f"t={second}", replacing=("t", "start", "time_continue"))


def _youtube_embed(parts: ParseResult, second: int) -> str:
    return _with_query(parts, f"start={second}", replacing=("t", "start"))


def _drive(parts: ParseResult, second: int) -> str:
    """A file's address ends in /view, /preview or /edit; only the first two play."""
    found = DRIVE_FILE.match(parts.path)
    page = "/preview" if parts.path.endswith("/preview") else "/view"
    path = f"{found[0]}{page}" if found else parts.path
    return _with_query(parts._replace(path=path), f"t={second}", replacing=("t",))


def _clock(second: int) -> str:
    """
    Write *second* as Twitch does.

    >>> _clock(3675)
    '1h1m15s'
    """
    return f"{second // 3600}h{second // 60 % 60}m{second % 60}s"


def _with_query(parts: ParseResult, pair: str, *, replacing: tuple[str, ...]) -> str:
    """Add *pair*, in place of parameters named in *replacing*; the others stay byte for byte."""
    kept = [given for given in parts.query.split("&") if given and _name(given) not in replacing]
    fragment = "" if re.match(r"t=", parts.fragment) else parts.fragment
    return parts._replace(query="&".join([*kept, pair]), fragment=fragment).geturl()


def _with_fragment(parts: ParseResult, pair: str) -> str:
    return parts._replace(fragment=pair).geturl()


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
