"""Manifests and folders: what is to be taken in, and one clear sentence for what cannot."""

import json
import os
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.errors import Refused
from services.lectures.manifest import Plan, plan, read_manifest

VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nolá\n"


def planned(folder: Path, *, manifest: Path | None = None, video_url: str | None = None) -> Plan:
    return plan([folder], manifest=manifest, language="pt-BR", video_url=video_url)


def manifest_of(folder: Path, *lectures: dict[str, object]) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps({"lectures": lectures}))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "aula-01.vtt").write_text(VTT)
    (tmp_path / "aula_02.srt").write_text(VTT)
    (tmp_path / "README.md").write_text("# not a lecture")
    (tmp_path / "slides.pdf").write_bytes(b"%PDF")
    (tmp_path / ".hidden.vtt").write_text(VTT)
    return tmp_path


def test_a_folder_gives_its_captions_named_by_their_files(folder: Path) -> None:
    sources = planned(folder).sources

    assert [(source.slug, source.title) for source in sources] == [("aula-01", "aula 01"), ("aula_02", "aula 02")]
    assert {source.language for source in sources} == {"pt-BR"}


@pytest.mark.parametrize("shape", ["https://youtu.be/abc\n", "[InternetShortcut]\r\nURL=https://youtu.be/abc\r\n"])
def test_a_sidecar_gives_the_link(folder: Path, shape: str) -> None:
    (folder / "aula-01.url").write_text(shape)

    assert [source.video_url for source in planned(folder).sources] == ["https://youtu.be/abc", None]


def test_a_manifest_gives_all_that_is_known(folder: Path) -> None:
    manifest = manifest_of(
        folder,
        {
            "id": "intro",
            "file": "aula-01.vtt",
            "title": "Introdução",
            "video_url": "https://vimeo.com/1",
            "lang": "en",
            "date": "2026-03-02",
            "duration_s": 12.5,
            "released_at": "2026-03-02T08:00:00-03:00",
        },
    )

    (source,) = planned(folder, manifest=manifest).sources

    assert (source.slug, source.title, source.language) == ("intro", "Introdução", "en")
    assert (source.video_url, source.held_on, source.duration_s) == ("https://vimeo.com/1", date(2026, 3, 2), 12.5)
    assert source.released_at == datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=-3)))


def test_captions_that_the_manifest_does_not_mention_are_listed(folder: Path) -> None:
    manifest = manifest_of(folder, {"id": "intro", "file": "aula-01.vtt"})

    assert [path.name for path in planned(folder, manifest=manifest).overlooked] == ["aula_02.srt"]


def test_naming_one_file_takes_in_that_one_of_the_manifest(folder: Path) -> None:
    manifest = manifest_of(folder, {"id": "a", "file": "aula-01.vtt"}, {"id": "b", "file": "aula_02.srt"})

    chosen = plan([folder / "aula_02.srt"], manifest=manifest, language="pt-BR", video_url=None)

    assert [source.slug for source in chosen.sources] == ["b"]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_manifest_may_be_a_spreadsheet(folder: Path, delimiter: str) -> None:
    path = folder / "manifest.csv"
    rows = [["id", "file", "title", "released_at"], ["intro", "aula-01.vtt", "Introdução", "2026-03-02"]]
    path.write_text("\ufeff" + "\n".join(delimiter.join(row) for row in rows), "utf-8")

    (source,) = read_manifest(path, "pt-BR")

    assert (source.slug, source.title) == ("intro", "Introdução")
    assert source.released_at == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"file": "a.vtt"}, "lecture 1 has no 'id'"),
        ({"id": "a"}, "lecture 1 has no 'file'"),
        ({"id": "a", "file": "a.vtt", "video_url": "javascript:alert(1)"}, "video_url 'javascript:alert"),
        ({"id": "a", "file": "a.vtt", "video_url": "https://youtu.be@evil.example/"}, "video_url"),
        ({"id": "a", "file": "a.vtt", "date": "02/03/2026"}, "date '02/03/2026'"),
        ({"id": "a", "file": "a.vtt", "duration_s": "long"}, "duration_s 'long'"),
        ({"id": "a", "file": "a.vtt", "duration_s": float("inf")}, "duration_s inf"),
        ({"id": "a", "file": "a.vtt", "released_at": "soon"}, "released_at 'soon'"),
        ({"id": "a", "file": "a.vtt", "lang": "português"}, "lang 'português'"),
        ({"id": ["a"], "file": "a.vtt"}, "id ['a']"),
        ({"id": True, "file": "a.vtt"}, "id True"),
        ({"id": "\0", "file": "a.vtt"}, "no 'id'"),
        ({"id": "a" * 201, "file": "a.vtt"}, "'id' of 201 characters"),
        ({"id": "a", "file": "a.vtt", "video_url": "https://h/ @everyone [x](https://evil.example)"}, "video_url"),
        ({"id": "a", "file": "a.vtt", "video_url": "https://h/" + "a" * 2000}, "'video_url' of 2,010"),
        ({"id": "a", "file": "a.vtt", "released_at": "9999-12-31T23:59:59-12:00"}, "released_at '9999"),
        ({"id": "a", "file": "a.vtt", "released_at": "0001-01-01T00:00:00+14:00"}, "released_at '0001"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_must_be(tmp_path: Path, entry: dict[str, object], says: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_manifest(manifest_of(tmp_path, entry), "pt-BR")

    assert says in str(refusal.value)
    assert "manifest.json" in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"lectures": {}}', '{"lectures": [1]}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)

    with pytest.raises(Refused, match="manifest"):
        read_manifest(path, "pt-BR")


def test_what_a_terminal_would_obey_is_taken_out_of_names(tmp_path: Path) -> None:
    (source,) = read_manifest(
        manifest_of(tmp_path, {"id": "x\x1b[31m", "file": "a.vtt", "title": "A\u202eula \ud800um\nfim"}), "pt-BR"
    )

    assert (source.slug, source.title) == ("x[31m", "Aula um fim")


def test_a_spreadsheet_that_csv_cannot_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text("id,file\na," + "b" * 200_000)

    with pytest.raises(Refused, match="manifest"):
        read_manifest(path, "pt-BR")


def test_a_path_no_file_system_takes_is_named_shortly() -> None:
    with pytest.raises(Refused, match="There is no file or folder"):
        planned(Path("/" + "a" * 5000))


def test_two_lectures_of_one_name_are_refused_with_both_files(folder: Path) -> None:
    (folder / "again").mkdir()
    (folder / "again" / "aula-01.vtt").write_text(VTT)

    with pytest.raises(Refused, match=r"Two lectures are called 'aula-01' .*again.*manifest"):
        planned(folder)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"There is no file or folder .*nowhere"):
        planned(tmp_path / "nowhere")


def test_what_is_no_file_is_not_waited_for() -> None:
    with pytest.raises(Refused, match="is neither a file nor a folder"):
        planned(Path(os.devnull))


def test_a_folder_without_captions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No captions found"):
        planned(tmp_path)


def test_one_video_address_does_not_fit_several_files(folder: Path) -> None:
    with pytest.raises(Refused, match="--video-url goes with one"):
        planned(folder, video_url="https://youtu.be/abc")
