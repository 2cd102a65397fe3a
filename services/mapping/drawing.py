"""Draw a lecture's map without a model: each chapter's title from its own words, and its most telling sentence."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from db.records.maps import Chapter, ChapterEdit, PublishedChapter
from services.mapping import spans, telling
from services.mapping.spans import ChapterSpan
from services.mapping.speech import Speech, SpokenCue
from services.mapping.telling import Quote, Wording
from services.words.terms import terms

PARTS = 4
LONGEST_TITLE = 200
"""As the database takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnMap:
    """A map, and what became of what staff had said."""

    chapters: tuple[Chapter, ...]
    moved: tuple[ChapterEdit, ...] = ()
    lost: tuple[ChapterEdit, ...] = ()
    silent: int = 0  # stretches in which nothing is said that can be quoted, so that they are no lines


def drawn(
    speech: Speech,
    *,
    published: Sequence[PublishedChapter],
    edits: Iterable[ChapterEdit],
    before: Sequence[Chapter],
    stays: bool = False,
) -> DrawnMap:
    """
    Return the map of *speech*; it takes up to some seconds, and is to be called from a thread.

    *before* are the chapters that there were: what a model wrote of one whose words are the same is kept. *stays*:
    they also stay where they are, but for what staff say.
    """
    if not speech.cues:
        return DrawnMap(chapters=())
    of_staff = spans.followed(speech, edits)
    stretches = spans.as_they_are(before) if stays else spans.found(speech, published)
    wanted = [one for one in spans.overlaid(stretches, of_staff.held) if not one.is_dropped]
    teller = Teller(speech)
    lines = [teller.line(one, before) for one in wanted]
    told = [line for line in lines if line is not None]
    return DrawnMap(
        chapters=tuple(replace(line, ordinal=at) for at, line in enumerate(told, 1)),
        moved=of_staff.moved,
        lost=of_staff.lost,
        silent=len(lines) - len(told),
    )


class Teller:
    """Puts chapters of one lecture into words."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        texts = [cue.text for cue in speech.cues]
        self._everywhere = Counter[int]()
        for text in texts:
            self._everywhere.update(terms(text, speech.language))
        # What the lecture's own title names is what it is about.
        self._titled = frozenset(terms(speech.passages[0].title, speech.language))
        self._wording: Wording = telling.wording(texts, speech.language)

    def line(self, one: ChapterSpan, before: Sequence[Chapter]) -> Chapter | None:
        """Return a line of the map, or None where nothing that is said there can be quoted."""
        fingerprint = self._speech.fingerprint(one.start_ms, one.end_ms)
        cues = self._speech.between(one.start_ms, one.end_ms)
        here = Counter[int]()
        for cue in cues:
            here.update(terms(cue.text, self._speech.language))
        weights = telling.weights(here, self._everywhere, self._titled)
        among = telling.quotes(self._speech.passages_of(one.start_ms, one.end_ms))
        # The end of a long cue, where its words are spread out over it, may lie in the next chapter.
        inside = [quote for quote in among if quote.start_ms < one.end_ms] or among
        quote = telling.most_telling(inside, weights, self._speech.language)
        if quote is None:
            return None
        parts = [" ".join(cue.text for cue in part) for part in _parts(cues)]
        title = one.title or telling.title(parts, self._wording, weights) or telling.beginning(quote.text)
        line = _line(one, title, quote, fingerprint)
        written = next((old for old in before if old.fingerprint == fingerprint and _is_written(old)), None)
        return self._rewritten(line, written) if written else line

    def _rewritten(self, line: Chapter, written: Chapter) -> Chapter:
        """Keep what a model wrote of the very same words, as far as they can be found again."""
        title = written.title if written.origin == "written" and line.origin == "quoted" else line.title
        origin = written.origin if title == written.title else line.origin
        titled = replace(line, title=title, origin=origin)
        for passage in self._speech.passages_of(line.start_ms, line.end_ms):
            at = passage.text.find(written.quote)
            if at >= 0 and not written.is_quoted:
                quote = telling.quoted(passage, at, at + len(written.quote))
                return with_quote(replace(titled, sentence=written.sentence), quote)
        return titled


def _parts(cues: Sequence[SpokenCue]) -> list[Sequence[SpokenCue]]:
    """Return the cues of a chapter in up to four parts of as many cues."""
    size = -(-len(cues) // PARTS)
    return [cues[at : at + size] for at in range(0, len(cues), size)]


def with_quote(line: Chapter, quote: Quote) -> Chapter:
    """Return *line* with the words that prove it, which begin in its chapter: in a long cue, when is an estimate."""
    return replace(
        line,
        segment_id=quote.segment_id,
        quote=quote.text,
        quote_start_ms=min(quote.start_ms, line.end_ms - 1),
        quote_end_ms=quote.end_ms,
    )


def _line(one: ChapterSpan, title: str, quote: Quote, fingerprint: str) -> Chapter:
    line = Chapter(
        ordinal=1,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        title=title[:LONGEST_TITLE],
        origin=one.origin,
        sentence=quote.text,
        segment_id=quote.segment_id,
        quote=quote.text,
        quote_start_ms=quote.start_ms,
        quote_end_ms=quote.end_ms,
        fingerprint=fingerprint,
    )
    return with_quote(line, quote)


def _is_written(line: Chapter) -> bool:
    return line.origin == "written" or not line.is_quoted
