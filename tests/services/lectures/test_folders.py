"""Folders as they are: several formats, downloaders' names, litter, and zips of all that."""

import json
import stat
import zipfile
from datetime import date
from pathlib import Path

import pytest

from services.errors import Refused
from services.lectures import folders
from services.lectures.manifest import Plan, Source, plan

VTT = "WEBVTT\n\n00:05.000 --> 00:11.000\nO dropout desliga neurônios.\n"
VIDEO = "https://www.youtube.com/watch?v=AbCdEfGhIjK"
NAME = "Aula 1 - O perceptron [AbCdEfGhIjK]"
INFO = {"id": "AbCdEfGhIjK", "title": "Aula 1 – O perceptron", "webpage_url": VIDEO, "duration": 600,
        "upload_date": "20260303", "language": "pt", "chapters": [{"start_time": 0, "title": "Início"}]}  # fmt: skip


def planned(*paths: Path) -> Plan:
    return plan(paths, manifest=None, language="pt-BR", video_url=None)


def write(folder: Path, *names: str, text: str = VTT) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def only(folder: Path) -> Source:
    (source,) = planned(folder).sources
    return source


# Several formats


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["json", "srt", "tsv", "txt", "vtt"], "vtt"),  # linto-ai/whisper-timestamped#189
        (["json", "srt", "tsv", "txt"], "srt"),
        (["json", "tsv", "txt"], "json"),
        (["tsv", "txt"], "tsv"),
        (["json3", "srv1", "srv2", "srv3", "ttml", "vtt"], "vtt"),  # yt-dlp/yt-dlp#8200
        (["srv1", "srv3", "ttml"], "srv3"),
        (["ass", "srt"], "srt"),  # SubtitleEdit/subtitleedit#238
    ],
)
def test_of_several_formats_one_is_taken_and_the_others_are_named(tmp_path: Path, names: list[str], taken: str) -> None:
    write(tmp_path, *(f"aula-01.{name}" for name in names))

    order = planned(tmp_path)

    assert [source.path.name for source in order.sources] == [f"aula-01.{taken}"]
    assert order.sources[0].slug == "aula-01"
    (note,) = [remark for remark in order.remarks if "is taken" in remark]
    assert note.startswith(f"aula-01.{taken} is taken; left out as the same lecture: aula-01.")
    assert all(f"aula-01.{name}" in note for name in names)


def test_lectures_of_different_names_are_all_taken(tmp_path: Path) -> None:
    write(tmp_path, "aula-01.vtt", "aula-02.srt", "aula-01.v2.vtt")

    assert {source.slug for source in planned(tmp_path).sources} == {"aula-01", "aula-01.v2", "aula-02"}


# Names of downloaders


def test_a_downloaded_lecture_knows_all_that_stands_beside_it(tmp_path: Path) -> None:
    write(tmp_path, f"{NAME}.pt.vtt")
    (tmp_path / f"{NAME}.info.json").write_text(json.dumps(INFO))

    source = only(tmp_path)

    assert (source.slug, source.title, source.language) == (f"{NAME}.pt", "Aula 1 – O perceptron", "pt")
    assert (source.video_url, source.held_on, source.duration_s) == (VIDEO, date(2026, 3, 3), 600)


def test_tracks_in_two_languages_are_two_lectures_with_one_address(tmp_path: Path) -> None:
    write(tmp_path, f"{NAME}.pt.vtt", f"{NAME}.en.vtt")
    write(tmp_path, f"{NAME}.url", text=f"[InternetShortcut]\nURL={VIDEO}\n")
    (tmp_path / f"{NAME}.info.json").write_text(json.dumps({"title": "Aula 1"}))

    sources = planned(tmp_path).sources

    assert {(source.language, source.title, source.video_url) for source in sources} == {
        ("pt", "Aula 1", VIDEO),
        ("en", "Aula 1 (en)", VIDEO),
    }


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".url", f"{VIDEO}\n"),
        (".url", f"[InternetShortcut]\r\nURL={VIDEO}\r\nIDList=\r\n"),
        (".desktop", f"[Desktop Entry]\nType=Link\nURL={VIDEO}\nIcon=text-html\n"),
        (".webloc", f'<plist version="1.0"><dict><key>URL</key><string>{VIDEO}&amp;list=x</string></dict></plist>'),
    ],
)
@pytest.mark.parametrize("name", [f"{NAME}.pt-BR", f"{NAME}", "aula-01"])
def test_each_system_s_shortcut_gives_the_link(tmp_path: Path, suffix: str, text: str, name: str) -> None:
    write(tmp_path, f"{name}.vtt")
    write(tmp_path, f"{name.removesuffix('.pt-BR')}{suffix}", text=text)

    assert (only(tmp_path).video_url or "").startswith(VIDEO)


LANGUAGES = [
    ("Aula 1.pt.vtt", "pt"), ("Aula 1.pt-BR.vtt", "pt-BR"), ("Aula 1.pt_BR.vtt", "pt-BR"), ("A.en-US.srt", "en-US"),
    ("x.zh-Hans.vtt", "zh-Hans"), ("x.es-419.vtt", "es-419"), ("x.por.srt", "pt"), ("x.eng.srt", "en"),
    (f"{NAME}.en-orig.vtt", "en"),  # yt-dlp/yt-dlp#10796
    (f"{NAME}.en-nP7-2PuUl7o.vtt", "en"),  # yt-dlp/yt-dlp#3137
    (f"{NAME}.en_US.vtt", "en-US"),  # yt-dlp/yt-dlp#5743
    (f"{NAME}.en-en.vtt", "en"), (f"{NAME}.eu.vtt", "eu"),
    ("x.en.forced.srt", "en"), ("x.en.sdh.srt", "en"), ("x.en.hi.srt", "en"), ("x.pt.default.srt", "pt"),
    # no language: jellyfin/jellyfin#7057, Sonarr/Sonarr#3278
    ("aula.v2.vtt", "pt-BR"), ("aula.01.vtt", "pt-BR"), ("aula.cs.vtt", "pt-BR"), ("intro.ml.srt", "pt-BR"),
    ("semana.io.vtt", "pt-BR"), ("aula.final.vtt", "pt-BR"), ("aula 10.30.vtt", "pt-BR"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_a_language_is_read_from_a_name_that_certainly_says_it(tmp_path: Path, name: str, language: str) -> None:
    write(tmp_path, name)

    assert only(tmp_path).language == language


def test_a_code_that_may_be_something_else_is_a_language_beside_the_film(tmp_path: Path) -> None:
    write(tmp_path, "aula.cs.vtt", "aula.mp4")

    assert only(tmp_path).language == "cs"


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["pt", "pt-orig"], "pt"),
        (["pt-PT", "pt-BR"], "pt-BR"),
        (["pt.forced", "pt"], "pt"),
    ],
)
def test_of_two_tracks_in_one_language_one_is_taken(tmp_path: Path, names: list[str], taken: str) -> None:
    write(tmp_path, *(f"{NAME}.{name}.vtt" for name in names))

    assert only(tmp_path).path.name == f"{NAME}.{taken}.vtt"


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"duration": "long", "webpage_url": 7, "upload_date": "2026"}'])
def test_a_broken_info_file_costs_what_it_would_have_said_and_no_more(tmp_path: Path, text: str) -> None:
    write(tmp_path, f"{NAME}.pt.vtt")
    write(tmp_path, f"{NAME}.info.json", text=text)

    source = only(tmp_path)

    assert (source.title, source.video_url, source.duration_s) == ("Aula 1 O perceptron", None, None)
    if text == "{":
        assert any("info.json cannot be read" in remark for remark in planned(tmp_path).remarks)


def test_a_lecture_without_a_link_is_named(tmp_path: Path) -> None:
    write(tmp_path, "aula-01.vtt", "aula-02.vtt")
    write(tmp_path, "aula-02.url", text=VIDEO)

    (remark,) = planned(tmp_path).remarks

    assert remark.startswith("1 lecture has no link to a video, so that references open nothing: aula-01;")


# What systems leave


LITTER = [
    "._aula-01.vtt", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._aula-01.vtt", "__MACOSX/aula-01.vtt",
    ".Trashes/aula.vtt", ".AppleDouble/aula-01.vtt", "@eaDir/aula-01.vtt", "~$aula-01.txt", "$RECYCLE.BIN/a.vtt",
    f"{NAME}.live_chat.json", f"{NAME}.info.json", "README.md", "manifest.json", "video.mp4",
]  # fmt: skip
"""pimcore/pimcore#14353, Radarr/Radarr#166, sabnzbd/sabnzbd#2380, fire-eggs/DarkThumbs#36, mxmlnkn/mfusepy#27, …"""


def test_litter_is_passed_over_in_folders_and_archives(tmp_path: Path) -> None:
    folder = tmp_path / "aulas"
    write(folder, "aula-01.vtt", *LITTER)
    with zipfile.ZipFile(tmp_path / "aulas.zip", "w") as archive:
        for name in ("aula-01.vtt", *LITTER):
            archive.writestr(f"aulas/{name}", VTT)

    assert [source.path.name for source in planned(folder).sources] == ["aula-01.vtt"]
    assert [source.path.name for source in planned(tmp_path / "aulas.zip").sources] == ["aula-01.vtt"]


# Archives


def test_an_archive_is_read_as_the_folder_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"curso/{NAME}.pt.vtt", VTT)
        archive.writestr(f"curso/{NAME}.url", VIDEO)
        archive.writestr(f"curso/{NAME}.info.json", json.dumps(INFO))
        archive.writestr("curso/aula-02.srt", VTT)

    first, second = planned(path).sources

    assert (first.language, first.video_url, first.duration_s) == ("pt", VIDEO, 600)
    assert folders.read(second.path, 1_000).decode() == VTT
    assert planned(path).folders == (path.resolve(),)


HOSTILE = ["../fora.vtt", "/etc/fora.vtt", "a/../../fora.vtt", "C:/fora.vtt", "..\\fora.vtt", "a" * 2_000 + ".vtt"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_path_that_leads_out_of_an_archive_is_not_followed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aula-01.vtt", VTT)
        archive.writestr(name, VTT)

    assert [source.slug for source in planned(path).sources] == ["aula-01"]


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    link = zipfile.ZipInfo("senhas.vtt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aula-01.vtt", VTT)
        archive.writestr(link, "/etc/passwd")

    assert [source.slug for source in planned(path).sources] == ["aula-01"]


def test_what_swells_is_refused_before_it_is_unpacked_whole(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("aula-01.vtt", b"\0" * 2_000_000)

    with pytest.raises(Refused, match="larger than 1 MB"):
        folders.read(only(path).path, 1_000_000)


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(folders.MOST_MEMBERS + 1):
            archive.writestr(f"{n}.vtt", b"")

    with pytest.raises(Refused, match="holds 5,001 files"):
        planned(path)


def test_an_encrypted_or_broken_member_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("aula-01.vtt", VTT)
    whole = path.read_bytes()

    path.write_bytes(whole.replace(VTT.encode()[:20], b"X" * 20, 1))
    with pytest.raises(Refused, match=r"'aula-01.vtt' in 'curso.zip' is broken"):
        folders.read(path / "aula-01.vtt", 1_000)

    marked = bytearray(whole)
    marked[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(marked)
    with pytest.raises(Refused, match=r"'aula-01.vtt' in 'curso.zip' is encrypted"):
        folders.read(path / "aula-01.vtt", 1_000)


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_whose_data_is_broken_is_refused_by_name(tmp_path: Path, way: int) -> None:
    path = tmp_path / "curso.zip"
    with zipfile.ZipFile(path, "w", compression=way) as archive:
        archive.writestr("aula-01.vtt", VTT * 50)
    whole = bytearray(path.read_bytes())
    begin = 30 + len("aula-01.vtt")  # of the data, behind the member's header
    whole[begin + 10 : begin + 40] = b"\xff" * 30
    path.write_bytes(whole)

    with pytest.raises(Refused, match=r"'aula-01.vtt' in 'curso.zip' is broken"):
        folders.read(path / "aula-01.vtt", 1_000_000)


@pytest.mark.parametrize("codec", ["utf-8", "cp850"])
def test_accents_in_names_survive_archives_that_do_not_say_their_encoding(tmp_path: Path, codec: str) -> None:
    """weichsel/ZIPFoundation#63, python/cpython#84353, microsoft/markitdown#1535."""
    path = tmp_path / "curso.zip"
    name = "Introdução.vtt".encode(codec)
    stand_in = "I" * len(name)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(stand_in, VTT)
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name))

    assert only(path).slug == "Introdução"


def test_what_is_no_archive_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "curso.zip"
    path.write_bytes(b"PK\x03\x04 not really")

    assert planned(path).sources[0].path == path.resolve()  # read, and refused, as captions
