"""Find and read the files of a folder or of a zip archive of one, without what systems leave in them."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from services.errors import Refused

LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "icon\r", "@eadir"})
"""What Windows, macOS and Synology put into folders; folded. Names that begin with a dot are passed over too."""
MOST_MEMBERS = 5_000
MOST_BYTES = 500_000_000
LONGEST_NAME = 1_000
DEEPEST = 20
UTF8_NAMES = 0x800
ENCRYPTED = 0x1

UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,  # a way of compressing that Python does not know
    RuntimeError,  # encrypted
    EOFError,
    ValueError,
    OSError,  # bzip2's word for broken data
    zlib.error,
    lzma.LZMAError,
)
"""How `zipfile` says that a file in an archive cannot be read; each decompressor has an error of its own."""


def is_archive(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file() and zipfile.is_zipfile(path)


def within(path: Path) -> Iterator[Path]:
    """
    Yield the files below *path*, a folder or an archive, in order of their names.

    A file of an archive is named as if the archive were a folder: `aulas.zip/aula-01.vtt`.

    Raises:
        Refused: the archive cannot be read, or is larger than any course's captions.
    """
    if path.is_dir():
        yield from (
            file for file in sorted(path.rglob("*")) if not _is_litter(file.relative_to(path).parts) and file.is_file()
        )
        return
    yield from (path / name for name in sorted(_members(path)))


def read(path: Path, limit: int) -> bytes:
    """
    Return what *path*, which may lie in an archive, holds.

    Raises:
        Refused: over *limit* bytes, encrypted, or unreadable; one sentence that names the file.
    """
    archive = _archive_of(path)
    try:
        data = _head(path, limit) if archive is None else _member(archive, path.relative_to(archive), limit)
    except OSError as error:
        raise Refused(f"{str(path)!r} cannot be read ({error.strerror}); check the file and its rights.") from None
    if len(data) > limit:
        raise Refused(
            f"{path.name!r} is larger than {limit // 1_000_000} MB; captions of one lecture never are, so check that "
            "it is not the video itself."
        )
    return data


def beside(path: Path) -> frozenset[str]:
    """Return the names of the files in *path*'s folder, which may be in an archive."""
    archive = _archive_of(path)
    if archive is None:
        return frozenset(file.name for file in path.parent.iterdir())
    folder = path.parent
    return frozenset(name.name for name in _members(archive) if archive / name.parent == folder)


def _head(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit + 1)


def _archive_of(path: Path) -> Path | None:
    if path.exists():
        return None
    return next((parent for parent in path.parents if parent.is_file()), None)


def _members(archive: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    with _opened(archive) as opened:
        entries = opened.infolist()
    if len(entries) > MOST_MEMBERS or sum(entry.file_size for entry in entries) > 20 * MOST_BYTES:
        raise Refused(f"{archive.name!r} holds {len(entries):,} files; zip the captions alone, by course.")
    named = {PurePosixPath(name): entry for entry in entries if (name := _safe_name(entry))}
    return {name: entry for name, entry in named.items() if not _is_litter(name.parts)}


def _safe_name(entry: zipfile.ZipInfo) -> str | None:
    """Return the entry's path, or None for a folder, a link, and a path that leads out of the archive."""
    name = _decoded(entry).replace("\\", "/")
    parts = PurePosixPath(name).parts
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    is_odd = name.startswith("/") or ".." in parts or ":" in parts[0] if parts else True
    if entry.is_dir() or is_link or is_odd or len(name) > LONGEST_NAME or len(parts) > DEEPEST or "\0" in name:
        return None
    return name


def _decoded(entry: zipfile.ZipInfo) -> str:
    """Read a name without the mark of UTF-8: macOS leaves it out, and Windows in the Americas and Europe uses cp850."""
    if entry.flag_bits & UTF8_NAMES or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850", "replace")


def _member(archive: Path, inner: Path, limit: int) -> bytes:
    entry = _members(archive).get(PurePosixPath(inner.as_posix()))
    if entry is None:
        raise Refused(f"There is no {inner.as_posix()!r} in {archive.name!r} any more; give the new archive.")
    if entry.flag_bits & ENCRYPTED:
        raise Refused(f"{inner.as_posix()!r} in {archive.name!r} is encrypted; unpack it and give the folder.")
    with _opened(archive) as opened:
        try:
            with opened.open(entry) as file:
                return file.read(limit + 1)
        except UNREADABLE as error:
            raise Refused(f"{inner.as_posix()!r} in {archive.name!r} is broken ({error}); zip it again.") from None


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    # Its list of files: no archive, one of a later version or over several disks, or times and fields out of range.
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Refused(f"{archive.name!r} is no zip archive that can be read ({error}); zip the folder again.") from None


def _is_litter(parts: tuple[str, ...]) -> bool:
    return any(part.startswith((".", "~$")) or part.casefold() in LITTER for part in parts)
