"""Maps without a model: titles, quotes, what staff say, and what was published."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import LectureId, SegmentId
from db.records.maps import Chapter, ChapterEdit, PublishedChapter
from services.mapping import telling
from services.mapping.drawing import drawn, with_quote
from services.mapping.speech import Speech
from tests.lectures import spoken, subjects

SUBJECTS = ["perceptron peso viés soma", "tensor eixo lote formato", "dropout rede treino sorteio"]
LECTURE = subjects(SUBJECTS, minutes=6)


def said(*, start: int, end: int, speech: Speech, title: str | None = None, is_dropped: bool = False) -> ChapterEdit:
    return ChapterEdit(
        id=1,
        lecture_id=LectureId(1),
        start_ms=start,
        end_ms=end,
        fingerprint=speech.fingerprint(start, end),
        title=title,
        is_dropped=is_dropped,
        lost_at=None,
    )


def chapters(speech: Speech, *edits: ChapterEdit, published: tuple[PublishedChapter, ...] = ()) -> tuple[Chapter, ...]:
    return drawn(speech, published=published, edits=edits, before=()).chapters


def is_proven(speech: Speech, line: Chapter) -> bool:
    """Whether a line's quote is said in its chapter, in the very passage that it names."""
    passage = next(one for one in speech.passages if one.segment_id == line.segment_id)
    inside = " ".join(cue.text for cue in speech.between(line.start_ms, line.end_ms))
    return line.quote in passage.text and line.quote in inside and line.start_ms <= line.quote_start_ms < line.end_ms


def test_each_chapter_is_named_by_its_own_words_and_proven() -> None:
    speech = spoken(LECTURE)
    found = chapters(speech)

    assert [line.ordinal for line in found] == list(range(1, len(found) + 1))
    assert all(is_proven(speech, line) and line.is_quoted and line.origin == "quoted" for line in found)
    first = {word.lower() for word in re.findall(r"\w+", found[0].title)}
    assert first <= set(SUBJECTS[0].split())


def test_an_infinitive_and_a_numeral_name_nothing() -> None:
    texts = ["A rede deixa de ligar causa e efeito, e são cinquenta passos na rede."]
    known = telling.wording(texts, "pt")
    weights = dict.fromkeys((term for text in texts for term in telling.terms(text, "pt")), 1.0)

    title = telling.title(texts, known, weights) or ""

    assert "rede" in title.lower()
    assert not {"ligar", "cinquenta"} & set(title.lower().replace(",", "").split())


def test_a_sentence_about_the_room_is_not_what_tells_of_a_chapter() -> None:
    room, subject = (
        telling.Quote(segment_id=SegmentId(1), text=text, start_ms=at, end_ms=at + 1)
        for at, text in enumerate(("Desculpa, gente, o carro passa na rua agora.", "A porta decide a mistura da rede."))
    )
    weights = dict.fromkeys(telling.terms(f"{room.text} {subject.text}", "pt"), 1.0)

    assert telling.most_telling([room, subject], weights, "pt") == subject


def test_a_title_leaves_out_what_any_lecture_says() -> None:
    texts = ["Olha gente, a coisa é a seguinte: a função de perda. Então a função de perda desce, tipo, sempre."]
    known = telling.wording(texts, "pt")
    weights = dict.fromkeys((term for text in texts for term in telling.terms(text, "pt")), 1.0)

    assert telling.title(texts, known, weights) == "Função de perda"


def test_a_chapter_without_any_phrase_is_called_by_its_first_words() -> None:
    found = chapters(spoken(["e aí então é isso mesmo que a gente faz aqui hoje, tá"] * 4))

    assert [line.title for line in found] == ["E aí então é isso mesmo que…"]


@pytest.mark.parametrize("music", ["[Música]", "♪♪♪", "[Music]"])
def test_music_alone_is_no_map_or_one_that_is_proven(music: str) -> None:
    speech = spoken([music] * 30)

    assert all(is_proven(speech, line) for line in chapters(speech))


def test_words_late_in_a_long_cue_prove_no_chapter_that_ends_before_them() -> None:
    minute = " ".join(
        f"O {one} depende do {other} e da soma." for one in SUBJECTS[0].split() for other in ("eixo", "lote")
    )
    late = (
        "Então agora o perceptron soma cada peso com o viés, e com isso o perceptron aprende o peso e o viés da soma."
    )
    starts = (0, 5_000, 66_000, 95_000)
    published = tuple(
        PublishedChapter(start_ms=start, end_ms=end, title="Perceptron") for start, end in pairwise((*starts, 180_000))
    )
    speech = spoken([f"{minute} {late}", f"{minute} {late}", late], seconds=60.0)
    found = chapters(speech, published=published)

    assert [line.start_ms for line in found] == [0, 5_000, 95_000]
    assert all(is_proven(speech, line) for line in found)


def test_three_minutes_are_two_chapters_at_most() -> None:
    assert 1 <= len(chapters(spoken(LECTURE[:18]))) <= 2


def test_three_languages_in_one_lecture_are_mapped() -> None:
    cues = [
        *subjects(["gradiente peso rede erro"], minutes=4),
        *[f"So the attention head number {n} looks at every token of the sentence." for n in range(24)],
        *[f"Entonces la matriz de confusión número {n} tiene filas y columnas." for n in range(24)],
    ]
    speech = spoken(cues)

    found = chapters(speech)

    assert len(found) >= 3
    assert all(is_proven(speech, line) for line in found)


def test_published_chapters_come_first() -> None:
    published = (
        PublishedChapter(start_ms=0, end_ms=400_000, title="Perceptron"),
        PublishedChapter(start_ms=400_000, end_ms=None, title="O resto"),
    )
    speech = spoken(LECTURE)

    found = chapters(speech, published=published)

    assert [(line.title, line.origin, line.start_ms) for line in found] == [
        ("Perceptron", "published", 0),
        ("O resto", "published", 400_000),
    ]
    assert all(is_proven(speech, line) for line in found)


def test_a_published_chapter_in_which_nothing_is_said_is_no_line() -> None:
    published = (
        PublishedChapter(start_ms=0, end_ms=1_080_000, title="A aula"),
        PublishedChapter(start_ms=2_000_000, end_ms=3_000_000, title="Créditos"),
    )

    made = drawn(spoken(LECTURE), published=published, edits=(), before=())

    assert [line.title for line in made.chapters] == ["A aula"]
    assert made.silent == 1


def test_what_staff_say_stands_where_the_words_are_the_same() -> None:
    speech = spoken(LECTURE)
    edit = said(start=200_000, end=500_000, speech=speech, title="O que importa")

    found = chapters(speech, edit)

    (line,) = [line for line in found if line.origin == "staff"]
    assert (line.title, line.start_ms, line.end_ms) == ("O que importa", 200_000, 500_000)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(found))


def test_what_staff_say_follows_captions_that_moved() -> None:
    edit = said(start=200_000, end=500_000, speech=spoken(LECTURE), title="O que importa")
    moved = spoken(LECTURE, pauses={0: 60.0})

    made = drawn(moved, published=(), edits=[edit], before=())

    assert [(line.start_ms, line.end_ms) for line in made.chapters if line.origin == "staff"] == [(260_000, 560_000)]
    assert [(one.start_ms, one.end_ms) for one in made.moved] == [(260_000, 560_000)]


def test_what_staff_said_of_other_words_is_asked_about() -> None:
    edit = said(start=200_000, end=500_000, speech=spoken(LECTURE), title="O que importa")
    other = [cue.replace("peso", "bias") for cue in LECTURE]

    made = drawn(spoken(other), published=(), edits=[edit], before=())

    assert made.lost == (edit,)
    assert all(line.origin != "staff" for line in made.chapters)


def test_what_staff_drop_is_not_there() -> None:
    speech = spoken(LECTURE)
    edit = said(start=0, end=300_000, speech=speech, is_dropped=True)

    assert min(line.start_ms for line in chapters(speech, edit)) == 300_000


def test_words_of_a_model_stay_where_the_words_of_the_chapter_do() -> None:
    speech = spoken(LECTURE)
    first, *rest = chapters(speech)
    quote = "o perceptron depende do peso"
    passage = speech.passages[0]
    at = passage.text.find(quote)
    written = with_quote(first, telling.quoted(passage, at, at + len(quote)))
    written = replace(written, title="O perceptron", origin="written", sentence="O perceptron depende do seu peso.")

    again = drawn(spoken([cue.upper() for cue in LECTURE]), published=(), edits=(), before=(written, *rest)).chapters
    same = drawn(speech, published=(), edits=(), before=(written, *rest)).chapters

    assert same[0] == written
    assert again[0].title == "O perceptron"
    assert again[0].is_quoted  # its quote is not there any more as it was


@given(st.data())
def test_whatever_staff_and_publishers_say_lines_are_proven_and_apart(data: st.DataObject) -> None:
    speech = spoken(LECTURE[:60])
    moments = st.integers(0, 700_000)
    spans = st.tuples(moments, moments).filter(lambda span: span[0] < span[1])
    published = tuple(
        PublishedChapter(start_ms=start, end_ms=None, title=f"P{start}")
        for start in sorted(data.draw(st.sets(moments, max_size=5)))
    )
    edits = [
        said(start=start, end=end, speech=speech, title=f"S{start}", is_dropped=is_dropped)
        for (start, end), is_dropped in data.draw(st.lists(st.tuples(spans, st.booleans()), max_size=4))
    ]

    found = chapters(speech, *edits, published=published)

    assert all(is_proven(speech, line) for line in found)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(found))
