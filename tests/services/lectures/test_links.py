from urllib.parse import parse_qsl, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lectures.links import moment


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://www.youtube.com/watch?v=abc", "https://www.youtube.com/watch?v=abc&t=75"),
        ("https://www.youtube.com/watch?v=abc&t=9s", "https://www.youtube.com/watch?v=abc&t=75"),
        ("https://www.youtube.com/watch?t=9&v=abc&list=PL1", "https://www.youtube.com/watch?v=abc&list=PL1&t=75"),
        ("https://www.youtube.com/watch?v=abc&start=9#t=4", "https://www.youtube.com/watch?v=abc&t=75"),
        ("https://m.youtube.com/watch?v=abc", "https://m.youtube.com/watch?v=abc&t=75"),
        ("https://music.youtube.com/watch?v=abc", "https://music.youtube.com/watch?v=abc&t=75"),
        ("https://youtu.be/abc?si=x", "https://youtu.be/abc?si=x&t=75"),
        ("https://www.youtube.com/live/abc", "https://www.youtube.com/live/abc?t=75"),
        ("https://www.youtube.com/shorts/abc", "https://www.youtube.com/shorts/abc?t=75"),
        ("https://www.youtube.com/embed/abc?rel=0", "https://www.youtube.com/embed/abc?rel=0&start=75"),
        ("https://www.youtube-nocookie.com/embed/abc", "https://www.youtube-nocookie.com/embed/abc?start=75"),
        ("https://vimeo.com/123/h4sh?share=copy#t=4s", "https://vimeo.com/123/h4sh?share=copy#t=75s"),
        ("https://player.vimeo.com/video/123", "https://player.vimeo.com/video/123#t=75s"),
        (
            "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=a-b&start=1",
            "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=a-b&start=75",
        ),
        (
            "https://video.uni.example/Panopto/Pages/Viewer.aspx?id=a-b",
            "https://video.uni.example/Panopto/Pages/Viewer.aspx?id=a-b&start=75",
        ),
        (
            "https://iu.mediaspace.kaltura.com/media/t/1_07p5g8sa",
            "https://iu.mediaspace.kaltura.com/media/t/1_07p5g8sa?st=75",
        ),
        (
            "https://video.uni.example/media/Aula+1/0_ab12cd34",
            "https://video.uni.example/media/Aula+1/0_ab12cd34?st=75",
        ),
        (
            "https://drive.google.com/file/d/ID/view?usp=sharing",
            "https://drive.google.com/file/d/ID/view?usp=sharing&t=75",
        ),
        ("https://drive.google.com/file/d/ID/edit", "https://drive.google.com/file/d/ID/view?t=75"),
        ("https://drive.google.com/file/d/ID/preview", "https://drive.google.com/file/d/ID/preview?t=75"),
        ("https://www.twitch.tv/videos/42", "https://www.twitch.tv/videos/42?t=0h1m15s"),
        ("https://aulas.example.org/a%20b/aula-01.mp4?x=1", "https://aulas.example.org/a%20b/aula-01.mp4?x=1#t=75"),
        ("https://aulas.example.org/aula.M3U8", "https://aulas.example.org/aula.M3U8#t=75"),
        ("https://aulas.example.org/aula/1?page=2#topo", "https://aulas.example.org/aula/1?page=2#topo"),
    ],
)
def test_a_known_host_opens_at_the_second(url: str, opened: str) -> None:
    assert moment(url, 75.9, None) == opened


@pytest.mark.parametrize(
    "url",
    [
        "https://notyoutube.com/watch?v=abc",
        "https://youtube.com.evil.example/watch?v=abc",
        "https://evil.example/youtube.com/watch?v=abc",
        "https://notvimeo.com/1",
    ],
)
def test_a_host_that_only_looks_known_is_left_as_it_is(url: str) -> None:
    assert moment(url, 75, None) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "watch?v=abc",
        "javascript:alert(1)",
        "ftp://example.org/a.mp4",
        "https://youtube.com@evil.example/watch",
        "https://user:secret@youtube.com/watch?v=a",
        "https://example.org:99999999/a.mp4",
        "https://[::1/a.mp4",
        "https://example.org/a b.mp4",
        "https://example.org/a>.mp4",
        "https:///a.mp4",
    ],
)
def test_what_is_not_a_plain_web_address_opens_nothing(url: str | None) -> None:
    assert moment(url, 75, None) is None


def test_a_start_past_the_end_of_the_video_opens_nothing() -> None:
    assert moment("https://youtu.be/abc", 100.0, 100.0) is None
    assert moment("https://youtu.be/abc", 99.9, 100.0) == "https://youtu.be/abc?t=99"


def test_the_second_is_never_negative() -> None:
    assert moment("https://youtu.be/abc", -3.0, None) == "https://youtu.be/abc?t=0"


HOSTS = st.sampled_from(
    [
        "www.youtube.com/watch",
        "youtu.be/abc",
        "vimeo.com/1",
        "x.panopto.com/Panopto/Pages/Viewer.aspx",
        "k.example/media/t/1_abcdefgh",
        "drive.google.com/file/d/ID/view",
        "www.twitch.tv/videos/1",
        "example.org/a.mp4",
        "example.org/page",
    ]
)
NAMES = st.sampled_from(["v", "list", "id", "x", "share", "k%20y"])
VALUES = st.text("abcXYZ019-_.~%+é", max_size=8)
QUERIES = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(lambda pairs: "&".join(f"{k}={v}" for k, v in pairs))


@given(HOSTS, QUERIES, st.floats(0, 1e6))
def test_a_link_parses_keeps_what_was_asked_and_is_stable(place: str, query: str, start_s: float) -> None:
    url = f"https://{place}" + (f"?{query}" if query else "")

    opened = moment(url, start_s, None)

    assert opened is not None
    assert urlparse(opened).hostname == urlparse(url).hostname
    kept = parse_qsl(urlparse(opened).query, keep_blank_values=True)
    assert kept[: query.count("&") + 1 if query else 0] == parse_qsl(query, keep_blank_values=True)
    assert moment(opened, start_s, None) == opened
