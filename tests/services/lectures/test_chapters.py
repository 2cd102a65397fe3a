"""Published chapters: read as they come, and kept where they can be meant."""

import json

import pytest

from db.records.maps import PublishedChapter
from services.errors import Refused
from services.lectures.chapters import held, listed
from services.lectures.manifest import plan
from tests.services.conftest import Desk


def chapter(start: float, end: float | None, title: str = "Um tema") -> PublishedChapter:
    return PublishedChapter(
        start_ms=round(start * 1000), end_ms=None if end is None else round(end * 1000), title=title
    )


def test_chapters_are_read_as_yt_dlp_and_as_people_write_them() -> None:
    of_download = listed([{"start_time": 0.0, "end_time": 61.5, "title": " Abertura "}])
    of_people = listed([{"start": "1:02:30", "title": "Dropout"}, {"start": 10, "end": "0:20", "title": "Pesos"}])

    assert of_download == (chapter(0, 61.5, "Abertura"),)
    assert of_people == (chapter(3750, None, "Dropout"), chapter(10, 20, "Pesos"))


@pytest.mark.parametrize(
    "given",
    [
        "0:00 Abertura",
        {"start": 0},
        [1],
        [{"start": "ontem", "title": "x"}],
        [{"start": True, "title": "x"}],
        [{"start": float("nan"), "title": "x"}],
        [{"start": 1e300, "title": "x"}],
        [{"start": 10**400, "title": "x"}],
        [{"start": 0, "end": -(10**400), "title": "x"}],
        [{"start": 0, "end": [], "title": "x"}],
        [{"start": 0, "title": 7}],
        [{"title": "x"}],
        [{"start": 0, "title": "x"}] * 101,
    ],
)
def test_what_is_no_list_of_chapters_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"is no list|number 1 is|there are 101"):
        listed(given)


@pytest.mark.parametrize(
    ("odd", "problem"),
    [
        (chapter(700, 800), "begins beyond the end at 00:10:00"),
        (chapter(-5, 20), "begins before the video"),
        (chapter(150, 180), "begins inside 'Um tema' at 00:01:40"),
        (chapter(500, 500), "has no length"),
        (chapter(500, 450), "has no length"),
        (chapter(500, 520, ""), "has no title"),
        (chapter(500, 520, "<Untitled Chapter 4>"), "has no title"),
    ],
)
def test_a_chapter_that_cannot_be_meant_is_left_out_in_a_sentence(odd: PublishedChapter, problem: str) -> None:
    kept, remarks = held([chapter(0, 100), chapter(100, 200), odd], end_s=600.0)

    assert kept == (chapter(0, 100), chapter(100, 200))
    assert [problem in remark for remark in remarks] == [True]


def test_an_end_beyond_the_video_is_the_videos_end() -> None:
    kept, remarks = held([chapter(0, 300), chapter(300, 9000)], end_s=600.0)

    assert (kept, remarks) == ((chapter(0, 300), chapter(300, 600)), ())


def test_a_title_of_500_letters_is_cut_and_said() -> None:
    kept, remarks = held([chapter(0, 300, "a" * 500), chapter(300, 600)], end_s=600.0)

    assert len(kept[0].title) == 120
    assert len(remarks) == 1


def test_one_chapter_alone_is_none() -> None:
    assert held([chapter(0, 600)], end_s=600.0)[0] == ()


def test_chapters_overlapping_by_a_rounding_are_put_right() -> None:
    kept, remarks = held([chapter(0, 300.4), chapter(300, 600)], end_s=600.0)

    assert (kept, remarks) == ((chapter(0, 300), chapter(300, 600)), ())


def test_a_manifest_with_wrong_chapters_is_refused_in_a_sentence(desk: Desk) -> None:
    file = desk.write("aula-01", "Oi.")
    manifest = desk.folder / "m.json"
    manifest.write_text(json.dumps({"lectures": [{"id": "a", "file": file.name, "chapters": [{"start": "já"}]}]}))

    with pytest.raises(Refused, match="lecture 1 has chapters of which number 1 is"):
        plan([desk.folder], manifest=manifest, language="pt-BR", video_url=None)


def test_a_download_with_broken_chapters_is_taken_in_without_them(desk: Desk) -> None:
    desk.write("aula-01", "Oi.")
    (desk.folder / "aula-01.info.json").write_text(json.dumps({"title": "Um", "chapters": "0:00"}))

    planned = desk.plan()

    assert planned.sources[0].chapters == ()
    assert any("has chapters of which '0:00' is no list" in remark for remark in planned.remarks)


def test_chapters_of_a_download_are_known(desk: Desk) -> None:
    desk.write("aula-01", "Oi.")
    given = [{"start_time": 0.0, "end_time": 5.0, "title": "Abertura"}]
    (desk.folder / "aula-01.info.json").write_text(json.dumps({"title": "Um", "chapters": given}))

    assert desk.plan().sources[0].chapters == (chapter(0, 5, "Abertura"),)
