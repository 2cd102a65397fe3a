"""Learn which lectures to take in: from a manifest, or from the caption files themselves."""

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from db.records.maps import PublishedChapter
from services.errors import Refused
from services.ground.text import clean
from services.lectures import chapters, folders, naming
from services.lectures.links import moment
from services.words.language import code

CAPTION_SUFFIXES = frozenset(
    {
        ".vtt", ".srt", ".sbv", ".json", ".json3", ".srv3", ".srv2", ".srv1", ".ttml", ".dfxp", ".xml", ".ass", ".ssa",
        ".tsv", ".txt", ".md",
    }
)  # fmt: skip
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
    "offset_s": 40,
}
"""Characters of each field of a manifest."""

MOST_OFFSET_S = 86_400.0
COLUMNS = ("id", "file", "title", "video_url", "lang", "date", "duration_s", "released_at", "offset_s")
NOT_LECTURES = frozenset({"manifest.json", "manifest.csv", "readme.md", "readme.txt", "license.txt", "license.md"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


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
    offset_s: float | None = None  # what is to be taken off every time; 0 says that the times are the video's own
    keep_names: bool = False  # names of speakers before their words stay
    chapters: tuple[PublishedChapter, ...] = ()  # as they were published with the video, not yet held against it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an ingest was asked to take in."""

    sources: tuple[Source, ...]
    overlooked: tuple[Path, ...]  # caption files in the named folders that the manifest does not mention
    folders: tuple[Path, ...]  # where a lecture that is no longer found counts as vanished
    remarks: tuple[str, ...] = ()  # what was left out or is not known, a sentence each


def plan(
    paths: Sequence[Path], *, manifest: Path | None, language: str, video_url: str | None, keep_names: bool = False
) -> Plan:
    """
    Decide what to take in from *paths* (files, folders, zip archives); *language* is that of lectures that say none.

    Reads the file system; run it in a thread.

    Raises:
        Refused: a path is no file and no folder, the manifest cannot be used, or two lectures have one id.

    """
    paths = [path.expanduser().absolute() for path in paths]
    for path in paths:
        if not _exists(path):
            raise Refused(f"There is no file or folder {str(path)[:200]!r}; check the path.")
        if not (path.is_file() or path.is_dir()):  # a pipe would be waited for, for ever
            raise Refused(
                f"{str(path)[:200]!r} is neither a file nor a folder; name caption files or a folder of them."
            )
    searched = tuple(path.resolve() for path in paths if path.is_dir() or folders.is_archive(path))
    found = list(dict.fromkeys(file.resolve() for path in paths for file in _captions(path)))
    notes: list[str] = []
    if manifest:
        sources = _listed(manifest, language)
        sources = [source for source in sources if _chosen(source.path, paths)]
    else:
        sources, notes = _unlisted(found, language, video_url)
    if video_url and len(sources) != 1:
        raise Refused(
            f"--video-url goes with one caption file, and here are {len(sources)}; name the files in a manifest."
        )
    if not sources:
        raise Refused(f"No captions found in {', '.join(map(str, paths))}; name caption files or a folder of them.")
    _require_distinct(sources)
    mentioned = {source.path for source in sources}
    return Plan(
        sources=tuple(replace(source, keep_names=keep_names) for source in sources),
        overlooked=tuple(file for file in found if file not in mentioned) if manifest else (),
        folders=searched,
        remarks=_remarks(sources, notes),
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
        offset_s=read.offset(),
        chapters=read.chapters(),
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
        return self._number("duration_s", lambda value: 0 < value < math.inf, "a number of seconds above 0")

    def offset(self) -> float | None:
        wanted = "a number of seconds from 0 to 86400, to be taken off every time"
        return self._number("offset_s", lambda value: 0 <= value <= MOST_OFFSET_S, wanted)

    def moment(self) -> datetime | None:
        moment = self.text("released_at")
        try:
            parsed = datetime.fromisoformat(moment) if moment else None
        except ValueError:
            parsed = datetime.min.replace(tzinfo=UTC)
        if parsed and not 1970 <= parsed.year <= 9000:
            raise self._wrong("released_at", "a moment such as 2026-11-24T08:00:00-03:00")
        return parsed.replace(tzinfo=parsed.tzinfo or UTC) if parsed else None

    def chapters(self) -> tuple[PublishedChapter, ...]:
        try:
            return chapters.listed(self._fields.get("chapters") or [])
        except ValueError as error:
            raise Refused(f"{self._name} has chapters of which {error}; write them as docs/maps.md shows.") from None

    def _number(self, field: str, fits: Callable[[float], bool], wanted: str) -> float | None:
        written = self.text(field)
        try:
            value = float(written) if written else None
        except ValueError:
            raise self._wrong(field, wanted) from None
        if value is not None and not fits(value):
            raise self._wrong(field, wanted)
        return value

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
    if path.is_file() and not folders.is_archive(path):
        yield path
        return
    for file in folders.within(path):
        is_named_so = file.suffix.lower() in CAPTION_SUFFIXES and file.name.lower() not in NOT_LECTURES
        if is_named_so and not naming.is_beside(file):
            yield file


def _chosen(file: Path, paths: Sequence[Path]) -> bool:
    return any(file == path.resolve() or path.resolve() in file.parents for path in paths)


def _unlisted(found: Sequence[Path], language: str, video_url: str | None) -> tuple[list[Source], list[str]]:
    """Make a lecture of each caption file, by its name and what stands beside it."""
    if video_url and not is_link(video_url):
        raise Refused(f"--video-url {video_url!r} is not an address that begins with https://.")
    one_of = {file.parent: file for file in found}
    beside = {folder: folders.beside(file) for folder, file in one_of.items()}
    taken, notes = naming.chosen([naming.named(file, beside[file.parent]) for file in found], language)
    languages = Counter((file.path.parent, file.base) for file in taken)
    sources: list[Source] = []
    for file in taken:
        known, remarks = naming.about(file, beside[file.path.parent], is_link)
        notes += remarks
        tag = file.language or known.language or language
        is_other = languages[file.path.parent, file.base] > 1 and code(tag) != code(language)
        title = clean(known.title or naming.title_of(file))[: LONGEST["title"]]
        sources.append(
            Source(
                slug=clean(file.path.stem) or "lecture",
                path=file.path,
                title=f"{title} ({tag})" if is_other else title or "lecture",
                language=tag,
                video_url=video_url or known.video_url,
                held_on=known.held_on,
                duration_s=known.duration_s,
                chapters=known.chapters,
            )
        )
    return sources, notes


def _remarks(sources: Sequence[Source], notes: Sequence[str]) -> tuple[str, ...]:
    """Add a sentence about lectures whose references open nothing."""
    without = [source.slug for source in sources if source.video_url is None]
    if not without:
        return tuple(notes)
    names = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
    which = "1 lecture has" if len(without) == 1 else f"{len(without)} lectures have"
    advice = "write the address into a .url file of the same name, or into a manifest"
    return (*notes, f"{which} no link to a video, so that references open nothing: {names}; {advice}")


def _require_distinct(sources: Sequence[Source]) -> None:
    seen: dict[str, Source] = {}
    for source in sources:
        other = seen.setdefault(source.slug, source)
        if other is not source:
            raise Refused(
                f"Two lectures are called {source.slug!r} ({other.path} and {source.path}); "
                "rename one, or give each its id in a manifest."
            )
