"""What is shown is what was said: no markup eaten, no address broken."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout

import pytest
from rich.console import RenderableType
from rich.text import Text

from bot.terminal import console as terminal
from db.records import Answer, AnswerId, Course, CourseId, Hit, LectureId, QuestionId, Reference, SegmentId
from services.answering.replies import Reply
from services.operation.doctor import Check
from tests.bot.console import flat

URL = "https://aulas.example.org/redes-neurais-profundas/2026/aula-05-redes-recorrentes.mp4"
MARKUP = "Aula [bold]1[/bold]: [1] e [/] e [link=x]"


def rendered(what: RenderableType, *, width: int = 80) -> str:
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        patch.setenv("COLUMNS", str(width))
        terminal.show(what)
    return shown.getvalue()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "00:00:00"), (59.99, "00:00:59"), (3675.9, "01:01:15"), (360_000, "100:00:00")]
)
def test_a_moment_is_whole_seconds_rounded_down(seconds: float, shown: str) -> None:
    assert terminal.clock(seconds) == shown


def test_titles_and_quotes_that_look_like_markup_are_shown_as_they_are() -> None:
    assert MARKUP in flat(rendered(terminal.references([reference(title=MARKUP)])))
    assert MARKUP in flat(rendered(terminal.references([reference(quote=MARKUP)])))
    assert MARKUP in flat(rendered(terminal.hits([hit(title=MARKUP)])))
    assert MARKUP in flat(rendered(terminal.hits([hit(text=MARKUP)])))
    assert MARKUP in flat(rendered(terminal.courses([course(MARKUP)])))
    assert MARKUP in flat(rendered(terminal.doctor([Check(name="a", state="ok", detail=MARKUP, advice=MARKUP)])))


def test_formulas_are_unicode_or_as_they_were_written() -> None:
    shown = flat(rendered(terminal.answer(replied(r"A taxa $\eta$ e $\binom{n}{k}$"), "pt-BR")))

    assert r"A taxa η e $\binom{n}{k}$" in shown


def test_what_is_said_to_a_person_is_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(f"Created {MARKUP}.")
    terminal.tell(f"Refused {MARKUP}.")

    assert capsys.readouterr() == (f"Created {MARKUP}.\n", f"Refused {MARKUP}.\n")


def test_a_growing_text_is_safe_as_markup() -> None:
    assert Text.from_markup(terminal.tail(f"uma linha\n{MARKUP}")).plain == f"uma linha {MARKUP}"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_an_address_stays_whole_in_a_narrow_terminal(width: int) -> None:
    assert f"{URL}#t=210" in lines(terminal.references([reference(url=f"{URL}#t=210")]), width)
    assert f"{URL}#t=210" in lines(terminal.hits([hit(url=URL, start_s=210.7)]), width)
    assert max(map(len, lines(terminal.hits([hit(text="o gradiente some " * 20)]), width))) <= width


def test_a_place_without_a_video_has_no_line_for_it() -> None:
    assert "None" not in rendered(terminal.references([reference()]))
    assert "None" not in rendered(terminal.hits([hit()]))


def lines(what: RenderableType, width: int) -> Sequence[str]:
    return [line.strip() for line in rendered(what, width=width).splitlines()]


def course(title: str) -> Course:
    return Course(id=CourseId(1), slug="redes", title=title, language="pt-BR")


def reference(*, title: str = "Aula 1", quote: str = "o gradiente some", url: str | None = None) -> Reference:
    return Reference(
        number=1,
        segment_id=SegmentId(1),
        lecture="aula-1",
        title=title,
        start_s=210.0,
        end_s=220.0,
        url=url,
        quote=quote,
    )


def hit(*, title: str = "Aula 1", text: str = "o gradiente some", url: str | None = None, start_s: float = 0.0) -> Hit:
    return Hit(
        rank=1,
        segment_id=SegmentId(1),
        lecture_id=LectureId(1),
        lecture="aula-1",
        title=title,
        language="pt-BR",
        video_url=url,
        duration_s=None,
        start_s=start_s,
        end_s=start_s + 60,
        score=None,
        text=text,
        cue_offsets=(0,),
        cue_starts_s=(start_s,),
    )


def replied(text: str) -> Reply:
    answer = Answer(
        id=AnswerId(1),
        question_id=QuestionId(1),
        course_id=CourseId(1),
        outcome="answered",
        text=text,
        failure=None,
        retrieval="lexical",
        generation_id=None,
        model="fake",
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=5,
    )
    return Reply(question="Qual é a taxa?", answer=answer, references=(), hits=())
