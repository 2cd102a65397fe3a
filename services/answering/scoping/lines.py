"""Put what was found into lines, each with the moment that proves it, five to a page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from db.records import Hit, IntentKind, Language, LectureFacts, Reference
from db.records.maps import Chapter, LectureMap
from services import i18n
from services.answering.asked import Question
from services.answering.writing import NOTHING, Written, harmless
from services.citing.citations import LEAD_IN_S, MOST_REFERENCES
from services.lectures.links import moment
from services.search.scope.saying import called


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLine:
    """One line of a reply, with the moment that proves it."""

    lecture: LectureFacts
    said: str
    reference: Reference  # not yet numbered
    hit: Hit | None = None


def of_chapter(chapter: Chapter, of: LectureMap, lecture: LectureFacts, hit: Hit | None) -> ProvenLine:
    """Return a line of a map: what its chapter is called and says."""
    sentence = f"«{plainly(chapter.quote)}»" if chapter.is_quoted else plainly(chapter.sentence)
    return ProvenLine(lecture=lecture, said=under(chapter, sentence), reference=_proof(chapter, of), hit=hit)


def under(chapter: Chapter, sentence: str) -> str:
    """Return *sentence* below its chapter's title, unless they begin alike: where nobody wrote a title."""
    title = plainly(chapter.title)
    said, named = (one.casefold().strip("«».… ") for one in (sentence, title))
    return sentence if said.startswith(named) or named.startswith(said) else f"{title}: {sentence}"


def _proof(chapter: Chapter, of: LectureMap) -> Reference:
    start_s = max(chapter.quote_start_ms / 1000 - LEAD_IN_S, 0.0)
    return Reference(
        number=0,
        segment_id=chapter.segment_id,
        lecture=of.lecture,
        title=of.title,
        start_s=start_s,
        end_s=max(chapter.quote_end_ms / 1000, start_s),
        url=moment(of.video_url, start_s, of.duration_s),
        quote=chapter.quote,
    )


def plainly(text: str) -> str:
    """Return *text* in one line, without anything that would be read as a mark."""
    return harmless(" ".join(text.split()))


def a_list(question: Question, topic: str, lines: Sequence[ProvenLine]) -> Written:
    """Return the lectures that speak of *topic*, a line each."""
    shown = {reference.lecture for reference in question.shown}
    left = [line for line in lines if line.reference.lecture not in shown]
    page, further = left[:MOST_REFERENCES], len(left[MOST_REFERENCES:])
    # What the question takes from the one before is perhaps another person's, who may have it deleted.
    is_own = plainly(topic) in plainly(question.text)
    head = i18n.text("whole.list" if is_own else "whole.list_of_that", question.reads, topic=plainly(topic))
    numbered = [
        _marked(f"{plainly(called(line.lecture, question.reads))}: {line.said}", n) for n, line in _counted(page)
    ]
    return _written("list", [head, *numbered], page, further, question)


def a_map(question: Question, kind: IntentKind, lines: Sequence[ProvenLine]) -> Written:
    """Return what lectures say, part by part, under the name of each."""
    shown = {(reference.segment_id, reference.start_s) for reference in question.shown}
    left = [line for line in lines if (line.reference.segment_id, line.reference.start_s) not in shown]
    page, further = left[:MOST_REFERENCES], len(left[MOST_REFERENCES:])
    return _written(kind, under_lectures(page, question.reads), page, further, question)


def under_lectures(page: Sequence[ProvenLine], language: Language) -> list[str]:
    """Return *page* with a heading before the lines of each lecture."""
    said: list[str] = []
    for lecture, group in groupby(_counted(page), key=lambda counted: counted[1].lecture):
        said += (f"{plainly(called(lecture, language))}:", *(_marked(line.said, number) for number, line in group))
    return said


def _counted(page: Sequence[ProvenLine]) -> list[tuple[int, ProvenLine]]:
    return list(enumerate(page, start=1))


def _marked(said: str, number: int) -> str:
    return f"- {said} [{number}]"


def _written(
    kind: IntentKind, said: Sequence[str], page: Sequence[ProvenLine], further: int, question: Question
) -> Written:
    if not page:
        return Written(outcome="no_material", text=i18n.text("answer.no_material", question.reads), intent=kind)
    hits = {line.hit.segment_id: line.hit for line in page if line.hit}
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits.values(), start=1))
    return Written(
        outcome="answered",
        text="\n".join((*said, *_more(kind, further, question.reads))),
        references=tuple(replace(line.reference, number=number) for number, line in _counted(page)),
        found=replace(NOTHING, hits=ranked, language=question.language),
        intent=kind,
        further=further,
    )


def _more(kind: IntentKind, further: int, language: Language) -> list[str]:
    """Return the sentence that says how much more there is."""
    if not further:
        return []
    of = "lectures" if kind == "list" else "parts"
    number = "one" if further == 1 else "other"
    return ["", i18n.text(MORE[of, number], language, count=further)]


MORE = {
    ("lectures", "one"): "whole.more_lectures.one",
    ("lectures", "other"): "whole.more_lectures.other",
    ("parts", "one"): "whole.more_parts.one",
    ("parts", "other"): "whole.more_parts.other",
}
