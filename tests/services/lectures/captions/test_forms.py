"""The words of a lecture survive any form that programs give them, its clock within a second."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lectures.captions import held, read

FEW = settings(max_examples=25, deadline=None)
VOCABULARY = [
    "gradiente", "rede", "perda", "camada", "peso", "taxa", "filtro", "imagem", "porta",
    "célula", "memória", "treino", "teste", "vetor", "matriz", "soma", "some",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence as it was said."""

    start_ms: int
    end_ms: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@st.composite
def lectures(draw: st.DrawFn) -> list[Sentence]:
    """Draw fourteen to thirty sentences of different words, spoken at 120 to 200 words a minute, with pauses."""
    said, at = list[Sentence](), draw(st.integers(500, 60_000))
    for number in range(draw(st.integers(14, 30))):
        words = draw(st.lists(st.sampled_from(VOCABULARY), min_size=4, max_size=9, unique=True))
        length = len(words) * draw(st.integers(300, 500))
        said.append(Sentence(start_ms=at, end_ms=at + length, words=(*words, str(number))))
        at += length + draw(st.integers(1_500, 6_000))
    return said


def clock(time_ms: int, point: str = ".") -> str:
    return f"{time_ms // 3_600_000:02}:{time_ms // 60_000 % 60:02}:{time_ms // 1000 % 60:02}{point}{time_ms % 1000:03}"


def framed(time_ms: int, last: str = ":", rate: int = 25) -> str:
    return f"{clock(time_ms)[:8]}{last}{time_ms % 1000 * rate // 1000:02}"


def cue(start_ms: int, end_ms: int, text: str) -> str:
    return f"{clock(start_ms)} --> {clock(end_ms)}\n{text}\n\n"


def parts(sentence: Sentence) -> list[tuple[int, int]]:
    """The time of each word."""
    count = len(sentence.words)
    cuts = [sentence.start_ms + (sentence.end_ms - sentence.start_ms) * at // count for at in range(count + 1)]
    return list(pairwise(cuts))


def lit(said: Sequence[Sentence]) -> str:
    text = "WEBVTT\n\n"
    for one in said:
        for at, (start_ms, end_ms) in enumerate(parts(one)):
            words = [f"<u>{word}</u>" if at == n else word for n, word in enumerate(one.words)]
            text += cue(start_ms, end_ms, " ".join(words))
    return text


def unlit(said: Sequence[Sentence]) -> str:
    return lit(said).replace("<u>", "").replace("</u>", "")


def typed(said: Sequence[Sentence]) -> str:
    return "WEBVTT\n\n" + "".join(
        cue(start_ms, end_ms, " ".join(one.words[: at + 1]))
        for one in said
        for at, (start_ms, end_ms) in enumerate(parts(one))
    )


def rolled(said: Sequence[Sentence], between: str = "\n") -> str:
    """Each cue shows the sentence before it too, and lasts until the next."""
    ends = [*(one.start_ms for one in said[1:]), said[-1].end_ms]
    above = ["", *(one.text for one in said)]
    return "WEBVTT\n\n" + "".join(
        cue(one.start_ms, end_ms, f"{before}{between}{one.text}".strip())
        for one, end_ms, before in zip(said, ends, above, strict=False)
    )


def joined_lines(said: Sequence[Sentence]) -> str:
    return rolled(said, between=" ")


def stream(said: Sequence[Sentence]) -> str:
    """Six-second pieces with clocks of their own; a sentence over a border is cut there, and stands in both."""
    text, piece_ms = "", 6_000
    for piece in range(said[-1].end_ms // piece_ms + 1):
        begin = piece * piece_ms
        text += f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{900_000 + begin * 90},LOCAL:00:00:00.000\n\n"
        for one in said:
            start_ms, end_ms = max(one.start_ms, begin), min(one.end_ms, begin + piece_ms)
            if start_ms < end_ms:
                text += cue(start_ms - begin, end_ms - begin, one.text)
    return text


def stream_on_one_clock(said: Sequence[Sentence]) -> str:
    """Pieces whose times count from the beginning; a sentence over a border stands in both, whole."""
    return "".join(
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
        + "".join(
            cue(one.start_ms, one.end_ms, one.text) for one in said if one.start_ms < at + 6_000 and one.end_ms > at
        )
        for at in range(0, said[-1].end_ms, 6_000)
    )


def meeting(said: Sequence[Sentence]) -> str:
    names = ("Helena Prado", "Caio Nogueira Lins")
    return "WEBVTT\n\n" + "".join(
        f"{n}\n{cue(one.start_ms, one.end_ms, f'{names[n % 2]}: {one.text}')}" for n, one in enumerate(said, start=1)
    )


def diarised(said: Sequence[Sentence]) -> str:
    return "".join(
        f"{n}\n{clock(one.start_ms, ',')} --> {clock(one.end_ms, ',')}\n[SPEAKER_0{n % 3}]: {one.text}\n\n"
        for n, one in enumerate(said, start=1)
    )


def editors_paragraphs(said: Sequence[Sentence]) -> str:
    return "\n".join(f"{framed(one.start_ms)}\nPROFESSORA: {one.text}\n" for one in said)


def editors_ranges(said: Sequence[Sentence]) -> str:
    return "\n".join(
        f"{framed(one.start_ms, ';', 30)} - {framed(one.end_ms, ';', 30)}\nSpeaker 1\n{one.text}\n" for one in said
    )


def hundredths(said: Sequence[Sentence]) -> str:
    return json.dumps([{"start": one.start_ms // 10, "stop": one.end_ms // 10, "text": one.text} for one in said])


def utterances(said: Sequence[Sentence]) -> str:
    return json.dumps({"utterances": [{"start": one.start_ms, "end": one.end_ms, "text": one.text} for one in said]})


def durations(said: Sequence[Sentence]) -> str:
    rows = [
        {"text": one.text, "start": one.start_ms / 1000, "duration": (one.end_ms - one.start_ms) / 1000} for one in said
    ]
    return json.dumps(rows)


def chunks(said: Sequence[Sentence]) -> str:
    return json.dumps(
        {"chunks": [{"timestamp": [one.start_ms / 1000, one.end_ms / 1000], "text": one.text} for one in said]}
    )


def whisper_cpp(said: Sequence[Sentence]) -> str:
    rows = [{"offsets": {"from": one.start_ms, "to": one.end_ms}, "text": f" {one.text}"} for one in said]
    return json.dumps({"transcription": rows})


def tsv(said: Sequence[Sentence]) -> str:
    return "start\tend\ttext\n" + "".join(f"{one.start_ms}\t{one.end_ms}\t{one.text}\n" for one in said)


def srv1(said: Sequence[Sentence]) -> str:
    rows = (
        f'<text start="{one.start_ms / 1000}" dur="{(one.end_ms - one.start_ms) / 1000}">{one.text}</text>'
        for one in said
    )
    return f'<?xml version="1.0"?><transcript>{"".join(rows)}</transcript>'


FORMS = [
    lit, unlit, typed, rolled, joined_lines, stream, stream_on_one_clock, meeting, diarised, editors_paragraphs,
    editors_ranges, hundredths, utterances, durations, chunks, whisper_cpp, tsv, srv1,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@FEW
@given(said=lectures())
def test_words_and_clock_survive_each_form(form: Callable[[Sequence[Sentence]], str], said: list[Sentence]) -> None:
    captions = held(read(form(said).encode(), name="a"), name="a", duration_s=said[-1].end_ms / 1000, offset_s=None)

    assert " ".join(cue.text for cue in captions.cues) == " ".join(one.text for one in said)
    position, spans = 0, [(position, cue) for cue in captions.cues for position in range(len(cue.text.split()))]
    for one in said:
        # Where words are kept one by one, each sentence begins at its first; elsewhere a cue is a sentence.
        begins, cue = spans[position]
        assert begins > 0 or cue.start_s == pytest.approx(one.start_ms / 1000, abs=1)
        position += len(one.words)


@pytest.mark.parametrize("hours", [1, 10])
@FEW
@given(said=lectures())
def test_words_and_clock_survive_the_timeline_of_an_editor(hours: int, said: list[Sentence]) -> None:
    moved = [
        Sentence(start_ms=one.start_ms + hours * 3_600_000, end_ms=one.end_ms + hours * 3_600_000, words=one.words)
        for one in said
    ]
    length_s = said[-1].end_ms / 1000 + 5

    captions = held(read(diarised(moved).encode(), name="a"), name="a", duration_s=length_s, offset_s=None)

    assert [cue.text for cue in captions.cues] == [one.text for one in said]
    assert [cue.start_s for cue in captions.cues] == pytest.approx([one.start_ms / 1000 for one in said], abs=1)


@FEW
@given(said=lectures())
def test_words_and_clock_survive_a_turn_that_is_too_long_for_a_cue(said: list[Sentence]) -> None:
    words = [word for _ in range(80) for one in said for word in one.words]
    end_ms = len(words) * 400
    captions = read(f"1\n{clock(0)} --> {clock(end_ms)}\n{' '.join(words)}\n".encode(), name="a")

    assert " ".join(cue.text for cue in captions.cues).split() == words
    position = 0
    for one in captions.cues:
        assert one.start_s == pytest.approx(position * 0.4, abs=1)
        position += len(one.text.split())
