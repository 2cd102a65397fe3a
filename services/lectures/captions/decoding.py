"""Turn a caption file's bytes into text, trying encodings in a declared order."""

import codecs
from dataclasses import dataclass

from services.lectures.captions.records import Unreadable

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its first half
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"RIFF", "an AVI video or a WAV sound"),
    (b"ID3", "an MP3 sound"),
    (b"OggS", "an Ogg sound or video"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A file's text with the line feed as its only line end, and what the bytes were."""

    text: str
    encoding: str
    repairs: tuple[str, ...] = ()


def decoded(data: bytes) -> Decoded:
    """
    Read *data* as text: by its byte order mark, else as UTF-8, UTF-16 or cp1252, in this order.

    Raises:
        Unreadable: the bytes are some other kind of file, or no encoding fits.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("holds nothing; export the captions again")
    if (kind := _other_kind(data)) is not None:
        raise Unreadable(f"is {kind}, not captions; give the caption file itself")
    found = _by_mark(data) or _by_trial(data)
    return Decoded(text=_one_line_end(found.text), encoding=found.encoding, repairs=found.repairs)


def _other_kind(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        return "an MP4 video"
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), None)


def _by_mark(data: bytes) -> Decoded | None:
    encoding = next((encoding for bom, encoding in BOMS if data.startswith(bom)), None)
    if encoding is None:
        return None
    if encoding == "utf-8-sig":
        return _utf8(data, encoding) or _undecodable(encoding)
    return _utf16(data, encoding)


def _by_trial(data: bytes) -> Decoded:
    if (wide := _utf16_without_mark(data)) is not None:
        return _utf16(data, wide)
    return _utf8(data, "utf-8") or _cp1252(data)


def _utf8(data: bytes, encoding: str) -> Decoded | None:
    """
    Read UTF-8, forgiving a few broken bytes where the rest plainly is UTF-8.

    One bad byte would otherwise send the whole file to cp1252, which accepts it and turns every accent of
    it into two wrong letters.
    """
    try:
        return Decoded(text=data.decode(encoding), encoding=encoding)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(data) - error.start < 4 and error.start:
            note = "the file breaks off inside a character, which was dropped"
            return Decoded(text=data[: error.start].decode(encoding), encoding=encoding, repairs=(note,))
    text = data.decode(encoding, errors="replace")
    broken, beyond_ascii = text.count("\ufffd"), sum(char > "\x7f" for char in text)
    if broken * 2 > beyond_ascii - broken:
        return None
    note = f"bytes that are not UTF-8 were replaced by \ufffd in {broken} places"
    return Decoded(text=text, encoding=encoding, repairs=(note,))


def _utf16_without_mark(data: bytes) -> str | None:
    """Time lines are ASCII, so that in UTF-16 one byte of two is often NUL, and the other hardly ever."""
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    often, seldom = len(sample) // 20, len(sample) // 200
    if odd > often and even <= seldom:
        return "utf-16-le"
    if even > often and odd <= seldom:
        return "utf-16-be"
    return None


def _utf16(data: bytes, encoding: str) -> Decoded:
    width = 4 if encoding == "utf-32" else 2
    whole = len(data) - len(data) % width
    note = ("the file breaks off inside a character, which was dropped",) if whole < len(data) else ()
    try:
        return Decoded(text=data[:whole].decode(encoding), encoding=encoding, repairs=note)
    except UnicodeDecodeError:
        return _undecodable(encoding)


def _cp1252(data: bytes) -> Decoded:
    try:
        return Decoded(text=data.decode("cp1252"), encoding="cp1252")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is neither UTF-8, UTF-16 nor cp1252 text (byte {error.start}); save it as UTF-8") from error


def _undecodable(encoding: str) -> Decoded:
    raise Unreadable(f"begins with the mark of {encoding} but is not {encoding} text; save it as UTF-8")


def _one_line_end(text: str) -> str:
    """Two returns and a feed come from programs that translate line ends twice; they are one line end."""
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
