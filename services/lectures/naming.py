"""Read from the names of caption files, and of files beside them, which lecture they are of and in which language."""

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from db.records.maps import PublishedChapter
from services.errors import Refused
from services.lectures import chapters, folders

BEST_FIRST = (
    ".vtt", ".srt", ".json3", ".srv3", ".srv2", ".srv1", ".ttml", ".dfxp", ".xml", ".sbv", ".ass", ".ssa", ".json",
    ".tsv", ".md", ".txt",
)  # fmt: skip
"""Which of several formats of one lecture is taken."""
NO_CAPTIONS = (
    ".info.json",
    ".live_chat.json",
    ".annotations.xml",
    ".comments.json",
    ".description.txt",
    ".chapters.txt",
)
"""Ends of names that downloaders give to what is beside the captions; folded."""
LANGUAGES = re.compile(
    r"a[abfkmnrsvyz]|b[aeghimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]"
    r"|i[adegiknostuw]|j[av]|k[agijklmnorsuvwy]|l[abginotuv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|p[ailst]|qu"
    r"|r[mnouw]|s[acdegiklmnoqrstuvw]|t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|xh|y[io]|z[ahu]"
)
"""The two-letter codes of ISO 639-1, with the few that downloaders still write for them."""
SURE_ALONE = frozenset({"pt", "en", "es", "fr", "de", "it", "ja", "ko", "zh"})
"""Codes that are a language wherever they end a name; `aula.cs.vtt` and `intro.ml.srt` may be something else."""
LONG_CODES = {
    "por": "pt", "eng": "en", "spa": "es", "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "ita": "it", "jpn": "ja",
    "kor": "ko", "zho": "zh", "chi": "zh",
}  # fmt: skip
TAG = re.compile(
    r"(?P<code>[a-z]{2,3})(?:[-_](?P<script>[A-Z][a-z]{3}))?(?:[-_](?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?P<rest>[-_][\w-]{1,20})?"
)
FLAGS = frozenset({"forced", "sdh", "hi", "cc", "default", "auto", "orig", "foreign"})
ID = re.compile(r"(?P<title>.*\S)[ _]\[(?P<id>[\w-]{5,40})\]")
ADDRESS = (
    (".url", re.compile(r"^\s*(?:URL=)?(https?://\S+)\s*$", re.MULTILINE)),
    (".webloc", re.compile(r"<string>\s*(https?://[^<\s]+)\s*</string>")),
    (".desktop", re.compile(r"^\s*URL(?:\[[^\]]*\])?=(https?://\S+)\s*$", re.MULTILINE)),
)
MOST_INFO_BYTES = 50_000_000
MOST_LINK_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a caption file's name says."""

    path: Path
    base: str  # the name of the video's own file
    language: str | None
    is_plain: bool  # neither forced nor a downloader's second copy


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the files beside a caption file say about its video."""

    video_url: str | None = None
    title: str | None = None
    language: str | None = None
    held_on: date | None = None
    duration_s: float | None = None
    chapters: tuple[PublishedChapter, ...] = ()


def is_beside(path: Path) -> bool:
    """Tell whether *path* is something that downloaders write next to captions."""
    return path.name.casefold().endswith(NO_CAPTIONS)


def named(path: Path, names: frozenset[str]) -> Named:
    """Read the name of *path*; *names* are those of the files in its folder."""
    base, tag, flags = _parted(path.stem)
    code = tag and _code(tag)
    is_sure = code in SURE_ALONE or ID.fullmatch(base) is not None or any(_is_of(base, name) for name in names)
    if not code or not is_sure:
        return Named(path=path, base=path.stem, language=None, is_plain=True)
    return Named(path=path, base=base, language=_language(tag), is_plain=not flags and not tag.endswith("-orig"))


def _parted(stem: str) -> tuple[str, str, frozenset[str]]:
    """Part `TITLE.en.forced` into TITLE, en and its flags; the language is "" where there is none."""
    rest, flags = stem, set[str]()
    while (cut := rest.rpartition("."))[0] and cut[2].casefold() in FLAGS:
        if cut[2].casefold() == "hi" and not _code(cut[0].rpartition(".")[2]):
            break  # Hindi, not "hearing impaired"
        flags.add(cut[2].casefold())
        rest = cut[0]
    base, _, tag = rest.rpartition(".")
    return (base, tag, frozenset(flags)) if base and _code(tag) else (stem, "", frozenset())


def _code(tag: str) -> str | None:
    found = TAG.fullmatch(tag)
    code = found and LONG_CODES.get(found["code"], found["code"])
    return code if code and LANGUAGES.fullmatch(code) else None


def _language(tag: str) -> str:
    found = TAG.fullmatch(tag.removesuffix("-orig"))
    if found is None:
        return tag
    region = found["region"] if found["region"] and found["region"] != found["code"] else None
    return "-".join(filter(None, (_code(tag), found["script"], region and region.upper())))


def _is_of(base: str, name: str) -> bool:
    """Tell whether *name* is of the video *base* too: its film, its address, or captions in another language."""
    rest = name.removeprefix(f"{base}.")
    if rest == name:
        return False
    stem = rest.rpartition(".")[0]
    return not stem or stem == "info"


def chosen(files: Sequence[Named], language: str) -> tuple[list[Named], list[str]]:
    """
    Take one file of each lecture and language; return them, and a sentence for each lecture with others.

    Of several formats the first in `BEST_FIRST` is taken, of several regions of a language *language*'s own.
    """
    groups: dict[tuple[Path, str, str], list[Named]] = {}
    for file in files:
        code = (file.language or "").partition("-")[0]
        groups.setdefault((file.path.parent, file.base, code), []).append(file)
    taken, notes = list[Named](), list[str]()
    for group in groups.values():
        first, *others = sorted(group, key=lambda file: _preference(file, language))
        taken.append(first)
        if others:
            names = ", ".join(file.path.name for file in others)
            notes.append(f"{first.path.name} is taken; left out as the same lecture: {names}")
    return taken, notes


def _preference(file: Named, language: str) -> tuple[bool, bool, int, int, str]:
    suffix = file.path.suffix.lower()
    rank = BEST_FIRST.index(suffix) if suffix in BEST_FIRST else len(BEST_FIRST)
    is_own = (file.language or language).casefold() == language.casefold()
    return not file.is_plain, not is_own, rank, len(file.path.name), file.path.name


def title_of(file: Named) -> str:
    """Return the name of the video as a title: without a downloader's `[id]`, with spaces for dashes."""
    of_download = ID.fullmatch(file.base) if file.language else None
    return re.sub(r"[\s_-]+", " ", of_download["title"] if of_download else file.base)


def about(file: Named, names: frozenset[str], is_link: Callable[[str], bool]) -> tuple[About, list[str]]:
    """
    Read what stands beside *file*; *names* are those of the files in its folder.

    Raises:
        Refused: a file for the link holds none.
    """
    found, notes = About(), list[str]()
    bases = dict.fromkeys((file.path.stem, file.base))
    for base in bases:
        if f"{base}.info.json" in names:
            found, note = _info(file.path.with_name(f"{base}.info.json"), is_link)
            notes += note
            break
    link = next((link for base in bases for link in _links(file.path, base, names, is_link)), None)
    return About(
        video_url=link or found.video_url,
        title=found.title,
        language=found.language,
        held_on=found.held_on,
        duration_s=found.duration_s,
        chapters=found.chapters,
    ), notes


def _links(path: Path, base: str, names: frozenset[str], is_link: Callable[[str], bool]) -> Iterator[str]:
    for suffix, pattern in ADDRESS:
        if f"{base}{suffix}" not in names:
            continue
        file = path.with_name(f"{base}{suffix}")
        match = pattern.search(folders.read(file, MOST_LINK_BYTES).decode("utf-8-sig", "replace"))
        link = match and html.unescape(match[1])
        if not link or not is_link(link):
            raise Refused(f"{str(file)!r} holds no address that begins with https://; write the video's link there.")
        yield link


def _info(path: Path, is_link: Callable[[str], bool]) -> tuple[About, list[str]]:
    """Read what yt-dlp writes with --write-info-json; a broken file is named, and nothing is known from it."""
    try:
        loaded: object = json.loads(folders.read(path, MOST_INFO_BYTES))
    except (Refused, ValueError, RecursionError) as error:
        return About(), [f"{path.name} cannot be read ({str(error)[:80]}), so nothing is known from it"]
    fields = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    published, note = _chapters(path, fields.get("chapters"))
    url, title, language = (_text(fields, key) for key in ("webpage_url", "title", "language"))
    length = fields.get("duration")
    is_length = isinstance(length, int | float) and not isinstance(length, bool) and 0 < length < 10**6
    return About(
        video_url=url if url and is_link(url) else None,
        title=title,
        language=language if language and _code(language) else None,
        held_on=_day(_text(fields, "release_date") or _text(fields, "upload_date") or ""),
        duration_s=float(length) if is_length and length is not None else None,
        chapters=published,
    ), note


def _chapters(path: Path, given: object) -> tuple[tuple[PublishedChapter, ...], list[str]]:
    try:
        return chapters.listed(given or []), []
    except ValueError as error:
        return (), [f"{path.name} has chapters of which {error}, so none of them is taken"]


def _text(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) and value.strip() else None


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if re.fullmatch("[0-9]{8}", written) else None
    except ValueError:
        return None
