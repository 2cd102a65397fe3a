"""Learn which lectures to take in: from a manifest, or from the caption files themselves."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.errors import Refused
from services.links import moment
from services.text import clean

CAPTION_SUFFIXES = frozenset(
    {".vtt", ".srt", ".sbv", ".json", ".json3", ".srv3", ".ttml", ".dfxp", ".xml", ".ass", ".ssa", ".txt", ".md"}
)
"""What is looked for in a folder; a file that is named is read whatever its suffix."""

LONGEST = {
    "id": 200,
    "file": 4_000,
    "title": 500,
    "video_url": 2_000,
    "lang": 35,
    "date": 40,
    "duration_s": 40,
    "released_at": 40,
}
"""Characters of each field of a manifest."""

COLUMNS = ("id", "file", "title", "video_url", "lang", "date", "duration_s", "released_at")
NOT_LECTURES = frozenset({"manifest.json", "manifest.csv", "readme.md", "readme.txt", "license.txt", "license.md"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_LINK_IN_SHORTCUT = re.compile(r"^\s*(?:URL=)?(https?://\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One lecture to take in: where its captions are, and what is known about it."""

    slug: str
    path: Path  # absolute
    title: str
    language: str
    video_url: str | None = None
    held_on: date | None = None
    duration_s: float | None = None
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an ingest was asked to take in."""

    sources: tuple[Source, ...]
    overlooked: tuple[Path, ...]  # caption files in the named folders that the manifest does not mention
    folders: tuple[Path, ...]  # where a lecture that is no longer found counts as vanished


def plan(paths: Sequence[Path], *, manifest: Path | None, language: str, video_url: str | None) -> Plan:
    """
    Decide what to take in from *paths* (files or folders); *language* is that of lectures that say none.

    Reads the file system; run it in a thread.

    Raises:
        Refused: a path does not exist, the manifest cannot be used, or two lectures have one id.

    """
    paths = [path.expanduser().absolute() for path in paths]
    for path in paths:
        if not _exists(path):
            raise Refused(f"There is no file or folder {str(path)[:200]!r}; check the path.")
    folders = tuple(path.resolve() for path in paths if path.is_dir())
    found = list(dict.fromkeys(file.resolve() for path in paths for file in _captions(path)))
    sources = _listed(manifest, language) if manifest else [_unlisted(file, language, video_url) for file in found]
    if manifest:
        sources = [source for source in sources if _chosen(source.path, paths)]
    if video_url and len(sources) != 1:
        raise Refused(
            f"--video-url goes with one caption file, and here are {len(sources)}; name the files in a manifest."
        )
    if not sources:
        raise Refused(f"No captions found in {', '.join(map(str, paths))}; name caption files or a folder of them.")
    _require_distinct(sources)
    mentioned = {source.path for source in sources}
    return Plan(
        sources=tuple(sources),
        overlooked=tuple(file for file in found if file not in mentioned) if manifest else (),
        folders=folders,
    )


def read_manifest(path: Path, language: str) -> list[Source]:
    """
    Read a manifest, JSON or CSV.

    Raises:
        Refused: one sentence that names the file, the entry and what is wrong with it.

    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Refused(f"The manifest {str(path)!r} cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise Refused(f"The manifest {str(path)!r} is not UTF-8 text; save it as UTF-8.") from None
    entries = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_json(text, path)
    return [_source(entry, path, number, language) for number, entry in enumerate(entries, start=1)]


def _listed(manifest: Path, language: str) -> list[Source]:
    return read_manifest(manifest.expanduser().absolute(), language)


def _from_json(text: str, path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The manifest {str(path)!r} is not JSON ({error}); correct it there.") from None
    entries = loaded.get("lectures") if isinstance(loaded, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):  # pyright: ignore[reportUnknownVariableType] - JSON
        raise Refused(f'The manifest {str(path)!r} must be {{"lectures": [{{"id": …, "file": …}}, …]}}.')
    return entries  # pyright: ignore[reportUnknownVariableType] - checked above


def _from_csv(text: str, path: Path) -> Sequence[Mapping[str, Any]]:
    dialect = csv.excel
    header = text.splitlines()[0] if text.strip() else ""
    delimiter = ";" if header.count(";") > header.count(",") else ","  # Excel writes ; in Brazil
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=None), dialect=dialect, delimiter=delimiter))
    except csv.Error as error:
        raise Refused(f"The manifest {str(path)!r} is no spreadsheet in CSV ({error}); export it again.") from None
    if not {"id", "file"} <= set(rows[0] if rows else ()):
        raise Refused(f"The manifest {str(path)!r} needs the columns id and file; it may have {', '.join(COLUMNS)}.")
    return rows


def _source(entry: Mapping[str, Any], manifest: Path, number: int, language: str) -> Source:
    read = _Entry(entry, f"The manifest {str(manifest)!r}, lecture {number}")
    slug = read.text("id", required=True)
    file = read.text("file", required=True)
    return Source(
        slug=slug,
        path=(manifest.parent / file).resolve(),
        title=read.text("title") or slug,
        language=read.language(language),
        video_url=read.link(),
        held_on=read.day(),
        duration_s=read.seconds(),
        released_at=read.moment(),
    )


class _Entry:
    """One entry of a manifest, read field by field with a sentence for each thing that can be wrong."""

    def __init__(self, fields: Mapping[str, Any], name: str) -> None:
        self._fields = fields
        self._name = name

    def text(self, field: str, *, required: bool = False) -> str:
        value = self._fields.get(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int | float)):
            raise self._wrong(field, "text")
        text = "" if value is None else clean(str(value))
        if required and not text:
            raise Refused(f"{self._name} has no {field!r}; add it.")
        if len(text) > LONGEST[field]:
            raise Refused(f"{self._name} has {field!r} of {len(text):,} characters; use up to {LONGEST[field]:,}.")
        return text

    def language(self, default: str) -> str:
        tag = self.text("lang") or default
        if not _LANGUAGE.fullmatch(tag):
            raise self._wrong("lang", "a language such as pt-BR or en")
        return tag

    def link(self) -> str | None:
        url = self.text("video_url")
        if url and not is_link(url):
            raise self._wrong("video_url", "an address that begins with https://")
        return url or None

    def day(self) -> date | None:
        day = self.text("date")
        try:
            return date.fromisoformat(day) if day else None
        except ValueError:
            raise self._wrong("date", "a day such as 2026-11-24") from None

    def seconds(self) -> float | None:
        seconds = self.text("duration_s")
        try:
            value = float(seconds) if seconds else None
        except ValueError:
            value = -1.0
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise self._wrong("duration_s", "a number of seconds above 0")
        return value

    def moment(self) -> datetime | None:
        moment = self.text("released_at")
        try:
            parsed = datetime.fromisoformat(moment) if moment else None
        except ValueError:
            parsed = datetime.min.replace(tzinfo=UTC)
        if parsed and not 1970 <= parsed.year <= 9000:
            raise self._wrong("released_at", "a moment such as 2026-11-24T08:00:00-03:00")
        return parsed.replace(tzinfo=parsed.tzinfo or UTC) if parsed else None

    def _wrong(self, field: str, wanted: str) -> Refused:
        return Refused(f"{self._name} has {field} {self._fields.get(field)!r}; it must be {wanted}.")


def is_link(url: str) -> bool:
    """Tell whether *url* is something a student may be sent to: a plain web address, without name or password."""
    return len(url) <= LONGEST["video_url"] and moment(url, 0.0, None) is not None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or with a NUL
        return False


def _captions(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        named_so = file.suffix.lower() in CAPTION_SUFFIXES and file.name.lower() not in NOT_LECTURES
        if named_so and not hidden and file.is_file():
            yield file


def _chosen(file: Path, paths: Sequence[Path]) -> bool:
    return any(file == path.resolve() or path.resolve() in file.parents for path in paths)


def _unlisted(file: Path, language: str, video_url: str | None) -> Source:
    if video_url and not is_link(video_url):
        raise Refused(f"--video-url {video_url!r} is not an address that begins with https://.")
    return Source(
        slug=clean(file.stem) or "lecture",
        path=file,
        title=clean(re.sub(r"[\s_-]+", " ", file.stem)) or clean(file.stem) or "lecture",
        language=language,
        video_url=video_url or _sidecar(file),
    )


def _sidecar(file: Path) -> str | None:
    """Return the link in the `.url` file beside *file*: a bare address, or a Windows shortcut."""
    beside = file.with_suffix(".url")
    if not beside.is_file():
        return None
    match = _LINK_IN_SHORTCUT.search(beside.read_text("utf-8-sig", errors="replace"))
    if match is None or not is_link(match[1]):
        raise Refused(f"{str(beside)!r} holds no address that begins with https://; write the video's link there.")
    return match[1]


def _require_distinct(sources: Sequence[Source]) -> None:
    seen: dict[str, Source] = {}
    for source in sources:
        other = seen.setdefault(source.slug, source)
        if other is not source:
            raise Refused(
                f"Two lectures are called {source.slug!r} ({other.path} and {source.path}); "
                "rename one, or give each its id in a manifest."
            )
