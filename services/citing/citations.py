"""Turn the marks a model writes, like `[2]`, into references that open the lecture where the words are said."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from db.records import Hit, Reference
from services.citing.support import Rarity, cue_ends_s, from_sentence_start, into_cue_s, quotation, rarity, supporting
from services.citing.without_links import closed_gap, without_links
from services.lectures.links import moment
from services.notation.parts import masked, replaced, without_formulas
from services.words.terms import terms

MOST_REFERENCES = 5
LEAD_IN_S = 2.0
NEIGHBOURS_S = 15.0
"""Moments of one lecture that are less than this apart are shown as one reference."""
FEWEST_WORDS = 3
"""A clause with fewer words that carry a subject says too little to be found in a passage."""
MOST_MENTIONS = 60
"""Marks beyond these are removed: no answer has so many, and a model that repeats itself must not keep us busy."""
SURE_SUPPORT = 0.25
"""Of a claim with less of its weight in the passage, words hardly tell the moment (docs/references.md)."""
CLAIM_REACH = 600
"""How many characters around a mark may belong to its sentence."""

NUMBERS = r"\^?[0-9]+(?:\s?(?:[,;–-]|\b(?:e|and|y)\b)\s?\^?[0-9]+)*"
INTERVAL = r"0+\s?[,;–-]|[^\[\]\n]{0,80}[,;–-]\s?0+\s?[\],;–-]"
"""Passages are counted from 1, so `[0, 1]` is something else."""
YEAR = r"(?:19|20)[0-9]{2}\]"
WORDS = (
    r"(?:passages?|passage[mn]s?|trechos?|sources?|fontes?|src|docs?|documents?|documentos?|citations?|cita(?:ção|ções)|cites?"
    r"|refs?|references?|referências?|excerpts?|chunks?|contexts?|contextos?|segments?|segmentos?|snippets?)"
)
"""How models call a passage inside their marks."""
NAME = rf"(?:{WORDS}[\s:#_=-]{{0,3}}|#)?"
MARK = rf"(?:\[(?!{INTERVAL})(?!{YEAR}){NAME}{NUMBERS}\]|【{NAME}{NUMBERS}(?:†[^】\n]*)?】)"
MARKS = rf"{MARK}(?:[ \t]?{MARK})*"
GROUP = rf"(?:{MARK}|\([ \t]*{MARKS}[ \t]*\))"
SPACED = re.compile(
    rf"(?P<before>[ \t]{{0,8}})(?<![\w\])])(?<!\w\()(?P<marks>{GROUP}(?:[ \t]?{GROUP})*)(?P<after>[ \t]{{0,8}})",
    re.IGNORECASE,
)
"""Marks as we ask for them. `vetor[3]`, `f(x)[1]` and `array([1])` are code that somebody forgot to mark as such."""
GLUED = re.compile(rf"(?<=[^\W\d_]{{2}})(?P<marks>{MARKS})(?=[.!?…]+(?:\s|\Z))", re.IGNORECASE)
"""Marks without a space at a sentence's end: some models write all of theirs so, and only then are they read."""

LIST = re.compile(r"\[\s?[0-9]+(?:\s?[,;]\s?[0-9]+)+\s?\]")
DATA = re.compile(
    r"(?:\b(?:listas?|vetor(?:es)?|arrays?|arranjos?|matriz(?:es)?|tuplas?|conjuntos?|intervalos?|sequências?|índices?|valores"
    r"|lists?|vectors?|matri(?:x|ces)|tuples?|sequences?|intervals?|ranges?|indices|values)\b[^.!?\n\[\]]{0,24}|[=(]\s*)\Z",
    re.IGNORECASE,
)
"""What stands before a list of numbers that is no mark: "a lista [1, 2, 3] tem três elementos"."""

SENTENCE_END = re.compile(r"[.!?…]+[\"'»”)]*\s+|\n+")
QUOTED = re.compile(r"[«“]([^«»“”]+)[»”]\Z")


Claim = tuple[str, Hit]
"""What an answer says, in words alone, and the passage that it cites for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """An answer as it is shown: the marks in *text* are the numbers of *references*, and there are no others."""

    text: str
    references: tuple[Reference, ...]
    unsure: tuple[Claim, ...] = field(default=(), repr=False, compare=False)  # whose words their passages hardly hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One group of marks, such as ` [1][3]`, and the words that it stands for."""

    start: int
    end: int
    before: str  # the spaces around, which belong to the group
    after: str
    numbers: tuple[int, ...]
    claim: str  # as it is written
    words: str  # the same without its formulas, which nobody says as they are written


def resolve(draft: str, hits: Sequence[Hit], spoken: Mapping[Claim, str] | None = None) -> Cited:
    """
    Renumber the marks in *draft* by first mention, and return the text with the moments that it cites.

    *hits* are what the model was given, so `[n]` means `hits[n - 1]`. `[1, 3]`, `[1][3]`, `[1-3]`, `[^2]`,
    `【2】` and `[trecho 2]` are read too. A mark that points at nothing or past the end of a video is removed, and
    so is every address: what a student can click comes from our own rows, never from text that a model wrote.
    Code, formulas and everything else stay as they are. *spoken* are the lecturers' own words for some of the claims:
    an answer in another language than the lecture shares hardly any with it.

    >>> resolve("Heat flattens it [2], cold sharpens it [9].", [])
    Cited(text='Heat flattens it, cold sharpens it.', references=())
    """
    text = without_links(draft, masked)
    rare = rarity(hits)
    mentions = tuple(_mentions(text))
    made = [
        [(mention.words, hits[number - 1]) for number in mention.numbers if 1 <= number <= len(hits)]
        for mention in mentions
    ]
    known = spoken or {}
    located = {claim: _located(known.get(claim, claim[0]), claim[1], rare) for row in made for claim in row}
    moments = [[located[claim][0] for claim in row] for row in made]
    shown = _merged([found for row in moments for found in row if found])
    pieces, at = list[str](), 0
    for mention, row in zip(mentions, moments, strict=True):
        numbers = dict.fromkeys(shown[found].number for found in row if found in shown)
        pieces += [text[at : mention.start], _written(mention, numbers, text)]
        at = mention.end
    return Cited(
        text="".join([*pieces, text[at:]]),
        references=tuple(dict.fromkeys(shown.values())),
        unsure=tuple(claim for claim, (_, support) in located.items() if support < SURE_SUPPORT),
    )


def without_marks(text: str) -> str:
    """Return *text* without marks, as it is shown while it is still being written."""
    return replaced(text, SPACED, lambda marks: marks[0] if is_list(text, marks) else closed_gap(text, *marks.span()))


def is_list(text: str, marks: re.Match[str]) -> bool:
    """Tell numbers that the text speaks of, such as a list of Python's, from a mark."""
    return bool(LIST.fullmatch(marks["marks"]) and DATA.search(text[max(marks.start() - 60, 0) : marks.start("marks")]))


def claims(text: str) -> dict[int, str]:
    """
    Return, by number, what an answer as it is shown claims with each of its references.

    >>> claims("O calor achata [1]. O frio afia [2].")
    {1: 'O calor achata', 2: 'O frio afia'}
    """
    said: dict[int, list[str]] = {}
    for mention in _mentions(text):
        for number in mention.numbers:
            said.setdefault(number, []).append(mention.claim.strip())
    return {number: " ".join(dict.fromkeys(parts)) for number, parts in said.items()}


def _mentions(text: str) -> Iterator[Mention]:
    searched, words = masked(text), without_formulas(text)
    previous = 0
    spaced = [marks for marks in SPACED.finditer(searched) if not is_list(text, marks)]
    found = spaced or list(GLUED.finditer(searched))
    for count, marks in enumerate(found):
        groups = marks.groupdict()
        is_read = count < MOST_MENTIONS
        spans = _claimed(words, previous, *marks.span()) if is_read else []
        yield Mention(
            start=marks.start(),
            end=marks.end(),
            before=groups.get("before", " "),
            after=groups.get("after", ""),
            numbers=tuple(dict.fromkeys(_numbers(groups["marks"]))) if is_read else (),
            claim=_at(text, spans),
            words=_at(words, spans),
        )
        previous = marks.end()


def _numbers(marks: str) -> Iterator[int]:
    """
    Yield the numbers in *marks*, those within a range included.

    >>> list(_numbers("[1, 3][5-7]"))
    [1, 3, 5, 6, 7]
    """
    for first, last in re.findall(r"([0-9]+)(?:\s?[–-]\s?\^?([0-9]+))?", re.sub(r"†[^】]*", "", marks)):
        start, end = int(first[:9]), int(last[:9] or first[:9])
        yield from range(start, end + 1) if start <= end < start + 10 else (start, end)


def _claimed(words: str, previous: int, start: int, end: int) -> list[tuple[int, int]]:
    """
    Return the spans that the mark in `words[start:end]` stands for; *previous* is where the mark before it ends.

    *words* is a text without its formulas and blocks of code: in those no sentence ends, and they say too little. The
    spans are a quotation right before the mark, else the clause since the last mark, else the whole sentence (also
    where it goes on after the mark: "Segundo [2], …"), else the sentence before it too.
    """
    floor = max(0, start - CLAIM_REACH)
    before = words[floor:start].rstrip()
    stop = floor + len(before)
    if (quoted := QUOTED.search(before)) and _says_enough(quoted[1]):
        return [(floor + quoted.start(1), floor + quoted.end(1))]
    ends = [0, *(found.end() for found in SENTENCE_END.finditer(before))]
    following = SENTENCE_END.search(words, end, end + CLAIM_REACH)
    rest = (end, following.start() if following else end + CLAIM_REACH)
    candidates = (
        [(floor + max(ends[-1], previous - floor), stop)],
        [(floor + ends[-1], stop), rest],
        [(floor + (ends[-2] if len(ends) > 1 else 0), stop), rest],
    )
    enough = (spans for spans in candidates if _says_enough(_at(words, spans)))
    return next(enough, candidates[-1])


def _at(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return what stands at *spans*, without marks."""
    return without_marks(" ".join(text[start:end] for start, end in spans))


def _says_enough(text: str) -> bool:
    """Count words that carry a subject; for those in the two languages that Monitoria speaks, that is certain."""
    return sum(bool(terms(word, "en")) for word in text.split()) >= FEWEST_WORDS


def moment_of(claim: str, hit: Hit, rare: Rarity) -> Reference | None:
    """Return the moment of *hit* that supports *claim*, not yet numbered, unless the video is over by then."""
    return _located(claim, hit, rare)[0]


def _located(claim: str, hit: Hit, rare: Rarity) -> tuple[Reference | None, float]:
    """Return the moment as `moment_of` does, and how much of the claim its words hold, from 0 to 1."""
    run = supporting(claim, hit, rare)
    quote = quotation(hit, run, claim, rare)
    first = from_sentence_start(hit, run).first if run.support else run.first
    said_s = hit.cue_starts_s[first] + into_cue_s(hit, first, quote)
    start_s = max(said_s - LEAD_IN_S, hit.start_s, 0.0)
    if hit.duration_s is not None and start_s >= hit.duration_s:
        return None, run.support
    reference = Reference(
        number=0,
        segment_id=hit.segment_id,
        lecture=hit.lecture,
        title=hit.title,
        start_s=start_s,
        end_s=max(cue_ends_s(hit)[run.last], start_s),
        url=moment(hit.video_url, start_s, hit.duration_s),
        quote=quote,
    )
    return reference, run.support


def _merged(moments: Sequence[Reference]) -> dict[Reference, Reference]:
    """
    Return the reference to show for each of *moments* (in order of mention), those beyond the most left out.

    Neighbours become one, which opens where the first of them begins and quotes what is said there.
    """
    together = {found: group[0] for group in _neighbours(moments) for found in group}
    numbers: dict[Reference, int] = {}
    shown: dict[Reference, Reference] = {}
    for found in moments:
        first = together[found]
        number = numbers.setdefault(first, len(numbers) + 1)
        if number <= MOST_REFERENCES:
            end_s = max(other.end_s for other, group in together.items() if group == first)
            shown[found] = replace(first, number=number, end_s=end_s)
    return shown


def _neighbours(moments: Iterable[Reference]) -> list[list[Reference]]:
    """Group the moments of each lecture that overlap or nearly do, each group in order of time."""
    groups: list[list[Reference]] = []
    for found in sorted(set(moments), key=lambda found: (found.lecture, found.start_s, found.segment_id, found.end_s)):
        last = groups[-1] if groups else []
        ends_s = max((other.end_s for other in last), default=0.0)
        if last and last[0].lecture == found.lecture and found.start_s - ends_s < NEIGHBOURS_S:
            last.append(found)
        else:
            groups.append([found])
    return groups


def _written(mention: Mention, numbers: Iterable[int], text: str) -> str:
    marks = "".join(f"[{number}]" for number in numbers)
    return f"{mention.before}{marks}{mention.after}" if marks else closed_gap(text, mention.start, mention.end)
