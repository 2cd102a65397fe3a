"""
The pages of made-up digests, held in `golden/` and read by eye when they change, and what must never be in one.

`WRITE_GOLDEN=1` with this test writes the files anew.
"""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from db.records import Language
from services.digest.page import colours, pages
from services.digest.page.sheet import sheet
from services.digest.posting.weeks import period
from services.digest.report import Agreement, Digest, Figure, Relevance, SecondOpinions
from tests.services.digest import made_up

GOLDEN = Path(__file__).parent / "golden"
KINDS: dict[str, tuple[Digest, Callable[[Digest, Language], str]]] = {
    "believable.html": (made_up.BELIEVABLE, pages.html),
    "believable.txt": (made_up.BELIEVABLE, pages.text),
    "mail.html": (made_up.BELIEVABLE, partial(pages.html, picture="charts@example.edu")),
    "subject.txt": (made_up.BELIEVABLE, pages.subject),
    "empty.html": (made_up.EMPTY, pages.html),
    "empty.txt": (made_up.EMPTY, pages.text),
    "first.txt": (made_up.FIRST, pages.text),
    "late.txt": (made_up.LATE, pages.text),
}
VOID = {"meta", "img", "br", "rect"}


class Page(HTMLParser):
    """What a browser would make of it, as far as these tests ask."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while tag == "rect" and self.open[-1] != tag:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_the_one_that_was_read(kind: str, language: Language) -> None:
    stem, suffix = kind.split(".")
    file = GOLDEN / f"{stem}.{language}.{suffix}"
    digest, written = KINDS[kind]
    shown = written(digest, language)
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("digest", [made_up.BELIEVABLE, made_up.HOSTILE], ids=["believable", "hostile"])
@pytest.mark.parametrize("picture", [None, "charts@example.edu"])
def test_a_page_runs_nothing_and_fetches_nothing(digest: Digest, picture: str | None) -> None:
    page = Page(pages.html(digest, "pt-BR", picture=picture))

    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base", "video", "use", "image"}
    assert {url.split(":")[0] for url in page.values("href")} == {"https"}
    assert page.values("src") == ([f"cid:{picture}"] if picture else [])
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    style = pages.html(digest, "pt-BR").split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert page.values("content")[-1].startswith("default-src 'none'")


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_hostile_texts_are_only_texts(language: Language) -> None:
    page, text = pages.html(made_up.HOSTILE, language), pages.text(made_up.HOSTILE, language)

    assert "<script" not in page
    assert "<b>" not in page
    assert "evil.example/x" not in page + text  # mail programs make links of addresses
    assert "javascript:" not in page + text
    assert "data:" not in page + text
    assert not re.search("[\u061c\u202a-\u202e\u2066-\u2069]", page + text)
    assert "49" not in re.findall(r"\{\{ .* \}\}|\b49\b", text)
    assert not [line for line in text.splitlines() if line.startswith(("Bcc", "#"))]
    assert "\n" not in pages.subject(made_up.HOSTILE, language)


def test_a_topic_names_no_chapter_where_its_most_cited_moment_has_none() -> None:
    topic = replace(made_up.TOPICS[4], places=made_up.TOPICS[4].places[:1])
    assert [one.chapter for one in topic.places] == [None]

    told = [one.again for one in sheet(replace(made_up.BELIEVABLE, topics=(*made_up.TOPICS, topic)), "en").topics]

    assert told[0] == (
        "Explain again: “Por que multiplicar tantas vezes faz o sinal sumir” "
        "(Aula 9: Redes recorrentes e o gradiente que some)"
    )
    assert told[4:] == [None, None]


def test_links_lead_where_our_own_rows_say() -> None:
    links = set(Page(pages.html(made_up.BELIEVABLE, "pt-BR")).values("href"))

    ours = {place.url for topic in (*made_up.TOPICS, *made_up.GAPS) for place in topic.places}
    ours |= {minute.url for lecture in made_up.BELIEVABLE.lectures for minute in lecture.minutes}
    told = {chapter.url for lecture in made_up.BELIEVABLE.lectures for chapter in lecture.chapters}
    assert links - told == ours - {None}


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    "digest",
    [made_up.BELIEVABLE, made_up.EMPTY, made_up.FIRST, made_up.LATE, made_up.HOSTILE],
    ids=["believable", "empty", "first", "late", "hostile"],
)
def test_a_page_can_be_read_by_a_machine_that_reads_aloud(digest: Digest, language: Language) -> None:
    page = Page(pages.html(digest, language))

    assert page.open == []
    assert ("html", {"lang": language}) in page.tags
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert sum(tag == "caption" for tag, _ in page.tags) == tables
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in page.tags if tag == "svg")


def test_an_empty_week_is_one_line() -> None:
    page = Page(pages.html(made_up.EMPTY, "pt-BR"))

    assert [tag for tag, _ in page.tags if tag in {"h2", "table", "svg"}] == []
    said = pages.text(made_up.EMPTY, "pt-BR").split("\n\n")
    assert said[1:] == ["Nenhuma pergunta na semana de 16 a 22 de novembro de 2026.\n"]


def test_the_week_is_summed_up_in_one_sentence() -> None:
    assert sheet(made_up.BELIEVABLE, "pt-BR").summary == (
        "142 perguntas de 61 estudantes; 87% respondidas; relevância média 0,81 (n = 98), "
        "um pouco abaixo da semana anterior."
    )


def test_the_page_tells_first_what_to_do_and_last_where() -> None:
    text = pages.text(made_up.BELIEVABLE, "en")

    order = ["142 questions", "WHAT TO EXPLAIN", "GAPS", "THE ANSWERS", "REVIEW", "WHERE IN THE LECTURES"]
    assert sorted(order, key=text.index) == order


@pytest.mark.parametrize(
    ("value", "before", "n", "said"),
    [
        (0.81, 0.81, 98, "level with the week before"),
        (0.81, 0.84, 98, "slightly below the week before"),
        (0.84, 0.81, 98, "slightly above the week before"),
        (0.60, 0.84, 98, "well below the week before"),
        (0.95, 0.70, 98, "well above the week before"),
        (0.81, 0.20, 9, "too few scores to compare"),
        (0.81, None, 98, "mean relevance 0.81 (n = 98)."),
        (None, 0.84, 0, "no answer scored"),
    ],
)
def test_relevance_is_compared_only_where_that_can_be(
    value: float | None, before: float | None, n: int, said: str
) -> None:
    relevance = replace(made_up.BELIEVABLE.relevance, mean=Figure(value=value, before=before, n=n))

    summary = sheet(replace(made_up.BELIEVABLE, relevance=relevance), "en").summary

    assert said in summary
    if before is None:
        assert "week before" not in summary


@pytest.mark.parametrize(("n", "change"), [(9, "–"), (10, "+0.61")])
def test_a_row_shows_no_change_of_a_mean_of_few_scores(n: int, change: str) -> None:
    relevance = replace(made_up.BELIEVABLE.relevance, mean=Figure(value=0.81, before=0.20, n=n))

    assert sheet(replace(made_up.BELIEVABLE, relevance=relevance), "en").quality[0].change == change


def test_labels_are_counted_as_labels_because_two_may_be_of_one_answer() -> None:
    assert sheet(made_up.BELIEVABLE, "pt-BR").labels == (
        "A equipe deu 21 rótulos: correta: 11, em parte: 6, incorreta: 4."
    )
    one = replace(made_up.BELIEVABLE, staff_labels={"C": 1})
    assert sheet(one, "en").labels == "Staff gave 1 label: correct: 1."


def test_labels_that_somebody_else_is_still_to_give_blind_are_counted_and_not_told() -> None:
    waits = "1 label waits for somebody else's second look, and is counted after it."
    one = replace(made_up.BELIEVABLE, staff_labels={"C": 1}, untold_labels=1)

    assert sheet(one, "en").labels == f"Staff gave 1 label: correct: 1. {waits}"
    assert sheet(replace(one, staff_labels={}), "en").labels == waits
    two = replace(one, staff_labels={}, untold_labels=2)
    assert sheet(two, "pt-BR").labels == "2 rótulos esperam a segunda olhada de outra pessoa e só contam depois dela."


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_where_one_student_is_enough_none_is_counted(language: Language) -> None:
    shown = sheet(replace(made_up.BELIEVABLE, least_askers=1, topics=(), gaps=()), language)

    said = f"{shown.no_topics} {shown.no_gaps} {shown.small}"
    assert "estudante" not in said
    assert "student" not in said
    assert "12" in said


def test_n_is_explained_as_what_it_counts() -> None:
    said = pages.text(made_up.BELIEVABLE, "pt-BR")

    assert "n é o número de perguntas, respostas ou revisões em que a medida se apoia." in said


def test_what_is_unknown_is_a_dash_and_never_0() -> None:
    shown = sheet(made_up.FIRST, "pt-BR")

    assert {row.before for row in shown.questions if "Perguntas" in row.name} == {"–"}
    assert {row.name: row.now for row in shown.questions}["Metade das respostas em até"] == "–"
    assert {row.now for row in shown.quality[:1]} == {"–"}


def test_answers_without_a_score_count_in_the_whole() -> None:
    relevance = Relevance(
        scores=(1, 0, 0, 4), mean=Figure(value=0.8, n=5), failed={"timeout": 2, "refusal": 1, "new_kind": 1},
        without_reason=2, unjudged=1,
    )  # fmt: skip

    shown = sheet(replace(made_up.BELIEVABLE, relevance=relevance), "en")

    assert [(bar.count, bar.share) for bar in shown.scores] == [
        (4, "40%"), (0, "0%"), (0, "0%"), (1, "10%"), (4, "40%"), (1, "10%"),
    ]  # fmt: skip
    assert shown.scores_notes == (
        "Why the judge failed: did not reply: 2, refused to judge: 1, another reason: 1.",
        "2 scores came without a reason.",
    )


@pytest.mark.parametrize(
    ("warning", "said", "is_caution"),
    [(None, None, False), ("few", "Staff have labelled too few", False), ("low", "do not use relevance", True)],
)
def test_how_far_scores_can_be_trusted_is_said_in_plain_words(
    warning: str | None, said: str | None, is_caution: bool
) -> None:
    shown = sheet(replace(made_up.BELIEVABLE, agreement=replace(made_up.BELIEVABLE.agreement, warning=warning)), "en")

    assert (said is None) if shown.warning is None else (said is not None and said in shown.warning)
    assert bool(shown.caution) == is_caution


SECONDED = SecondOpinions(asked=12, scored=11, split=1, low=0.016, high=0.377, tokens=9_870, uncounted=0)


SECONDED_EN = (
    "A second opinion was asked on 12 answers. The two were split on 1 of 11 (95 % interval: 2% to 38%). 1 gave no"
    " score, and counts as missing. It took 9.9 thousand tokens, which the sum below contains."
)
SECONDED_PT = (
    "Uma segunda opinião foi pedida sobre 12 respostas. As duas divergiram em 1 de 11 (intervalo de 95 %: 2% a 38%). 1"
    " não deu nota e conta como ausente. Isso custou 9,9 mil tokens, já incluídos na soma abaixo."
)


@pytest.mark.parametrize(("language", "said"), [("en", SECONDED_EN), ("pt-BR", SECONDED_PT)])
def test_second_opinions_are_told_with_what_is_missing(language: Language, said: str) -> None:
    shown = replace(made_up.BELIEVABLE, second_opinions=SECONDED)

    assert said in sheet(shown, language).scores_notes
    assert said in pages.text(shown, language)
    assert said in pages.html(shown, language)


def test_second_opinions_without_a_score_are_no_percentage() -> None:
    none = replace(SECONDED, scored=0, split=0, low=None, high=None)
    [*_, said] = sheet(replace(made_up.BELIEVABLE, second_opinions=none), "en").scores_notes

    assert "split" not in said
    assert "12 gave no score, and count as missing." in said


def test_agreement_on_nothing_is_no_percentage() -> None:
    nothing = Agreement(n=0, share=None, low=None, high=None, kappa=None, warning="few")

    assert "%" not in sheet(replace(made_up.BELIEVABLE, agreement=nothing), "pt-BR").agreement


def test_weeks_after_an_outage_say_since_when() -> None:
    assert "Desde 2 de novembro de 2026: este resumo conta 3 semanas" in pages.text(made_up.LATE, "pt-BR")
    assert "Desde" not in pages.text(made_up.BELIEVABLE, "pt-BR")


def test_after_two_weeks_one_digest_was_not_posted() -> None:
    two = replace(made_up.BELIEVABLE, period=period("2026-W47", made_up.ZONE, weeks=2))

    assert (sheet(two, "pt-BR").outage or "").endswith("conta 2 semanas de uma vez, porque o anterior não saiu.")
    assert (sheet(two, "en").outage or "").endswith("because the one before it was not posted.")
    assert (sheet(made_up.LATE, "pt-BR").outage or "").endswith("porque os anteriores não saíram.")


def test_groups_that_too_few_asked_about_are_only_counted() -> None:
    assert sheet(made_up.BELIEVABLE, "pt-BR").small == "Mais 12 perguntas em 9 assuntos com menos de 3 estudantes."
    assert sheet(made_up.FIRST, "en").small == "Plus 1 question on 1 topic with fewer than 3 students."
    assert sheet(replace(made_up.BELIEVABLE, small_topics=0, small_questions=0), "en").small is None


def test_a_cost_that_is_not_known_is_not_0() -> None:
    cost = replace(made_up.BELIEVABLE.cost, money=None, currency=None, uncounted=0)

    said = sheet(replace(made_up.BELIEVABLE, cost=cost), "en").cost

    assert said.endswith("Without prices for the course, the cost in money is not known.")
    assert sheet(made_up.EMPTY, "en").cost == "No model was used."


def test_a_mail_stays_below_what_mail_programs_cut_off() -> None:
    assert len(pages.html(made_up.BELIEVABLE, "pt-BR", picture="x@y").encode()) < 100_000  # Gmail: 102 kB


def test_a_template_that_asks_for_what_there_is_not_is_our_mistake() -> None:
    with pytest.raises(UndefinedError):
        pages.environment().from_string("{{ sheet.no_such_thing }}").render(sheet=sheet(made_up.EMPTY, "en"))


def test_all_words_of_the_templates_exist() -> None:
    folder = Path(pages.__file__).parent / "templates"
    asked = set(re.findall(r"\bsay\.(\w+)", "".join(file.read_text("utf-8") for file in folder.iterdir())))

    assert asked == set(pages.SAID)


def test_by_day_a_page_has_the_colours_of_the_picture() -> None:
    by_day, by_night = pages.html(made_up.BELIEVABLE, "pt-BR").split("prefers-color-scheme: dark")

    for tone, colour in colours.TONES.items():
        assert f".{tone} {{ background: {colour}; }}" in by_day
    for step, colour in enumerate(colours.STEPS, start=1):
        assert f".s{step} {{ fill: {colour}; }}" in by_day
    assert f".down {{ fill: {colours.DOWN}; }}" in by_day
    assert colours.STEPS[0] not in by_night  # the other way round there: most is lightest
