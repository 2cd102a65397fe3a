"""Tell what a week's questions were about, without telling who asked: groups that mean the same, and their gaps."""

import asyncio
import multiprocessing
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext

import numpy as np
from threadpoolctl import threadpool_limits

from db.records import Again, Outcome
from services.digest.report import Place, Topic
from services.digest.topics.anonymous import GAP, anonymous
from services.digest.topics.frames import FRAMES
from services.digest.topics.grouping import ALONE, Distinct, Groups, distinct, group_distinct, spread, without_frames
from services.digest.topics.known import KnownWords, Taught, known
from services.digest.topics.moments import joined
from services.digest.topics.wording import OPENING, plain, subject
from services.errors import Unavailable
from services.models.embedder import Embedder
from services.models.embedder.protocol import Vectors
from services.words.fillers import COMPANY, GRATITUDE, said_as
from services.words.terms import fold

LEAST_ASKERS = 3
EXAMPLES = 3
LONGEST_TITLE = 90
LONGEST_EXAMPLE = 300
PLACES = 3
NEAR_S = 45.0
"""Citations of one lecture that begin within so many seconds of the first of them are one place."""

MOST_EMBEDDED = 800
"""
The most asked texts go by meaning and words, all others by words alone. Of a hundred thousand questions nearly all of
the time would go into embedding them (docs/digest-topics.md).
"""

ALIKE = 0.55
"""Share of runs of three letters in common from which on two questions would say the same as examples."""

NICENESS = 10
PROCESSES: SpawnContext | ForkServerContext = multiprocessing.get_context("spawn")
"""How the process that groups is begun: anew, since the bot has threads and must not keep scikit-learn loaded."""

MOST_CONSIDERED = 50
"""Texts of a group among which its title and examples are chosen."""

_CLOSING = re.compile(
    rf"[\s,;.!]*\b(?:{said_as(*GRATITUDE)}(?: {said_as(*COMPANY)})?|por favor|pfv?|k{{3,}}|algu[ée]m"
    r"|please|abra[çc]os?|abs)[\s!?.…]*$",
    re.IGNORECASE,
)
_SHOUTED = re.compile(r"([?!])[?!]+")
_EDGE = " \t,;:.!…-–—*_~>#|"
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekQuestion:
    """One question of the week, and what became of it."""

    text: str
    language: str  # two-letter code
    asker_key: str | None  # None: nobody knows who; all such count as one person
    outcome: Outcome
    relevance: float | None  # AR, 0 to 1; None: not judged
    voted_down: bool  # somebody gave the answer a thumb down
    places: tuple[Place, ...] = ()  # that the answer cites
    tries: Mapping[Again, int] = field(default_factory=dict[Again, int])  # how often it was wanted in another way


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """What the week was about; every question is in one topic of one list, or among the small ones."""

    topics: tuple[Topic, ...]  # by distinct askers, then questions, then title
    gaps: tuple[Topic, ...]  # those whose answer was mostly that the lectures do not say; in no other list
    for_staff: tuple[Topic, ...]  # those mostly sent to the staff: deadlines, exams, grades; in no other list
    small_topics: int  # groups too few students asked about to be shown, single questions included
    small_questions: int  # the questions in them


async def grouped(
    questions: Sequence[WeekQuestion],
    embedder: Embedder | None,
    *,
    least_askers: int = LEAST_ASKERS,
    taught: Taught | None = None,
) -> Topics:
    """
    Group *questions* and tell the topics, while the event loop stays free.

    The grouping happens in a process of its own, on one thread and at low priority, what is shown of the groups in a
    thread; embedding gives way to the questions that people ask meanwhile. Without an embedder, words alone decide.

    Raises:
        Unavailable: the model failed (`EmbedderUnavailable`), or the process was ended by somebody else.

    """
    if not questions:
        return Topics(topics=(), gaps=(), for_staff=(), small_topics=0, small_questions=0)
    texts, languages = [one.text for one in questions], [one.language for one in questions]
    apart = await asyncio.to_thread(distinct, texts, languages)
    vectors = await _embedded(apart, embedder) if embedder and apart.keys else None
    found = await _in_process(apart, vectors)
    return await asyncio.to_thread(topics, questions, spread(apart, found), least_askers=least_askers, taught=taught)


def topics(
    questions: Sequence[WeekQuestion], groups: Groups, *, least_askers: int = LEAST_ASKERS, taught: Taught | None = None
) -> Topics:
    """
    Tell what each of *groups* of *questions* is about, with those joined that the lectures answer at the same moments.

    A group is shown from *least_askers* distinct askers on, of whom it is known who they are. What is shown of it is
    anonymous, and without words that may be somebody's name (`services.digest.topics.known`); those *taught* are none.
    """
    groups = joined(groups, questions)
    members = defaultdict[int, list[int]](list)
    for row, label in enumerate(groups.labels):
        if label != ALONE:
            members[label].append(row)
    shown, small_topics, small_questions = list[Topic](), groups.labels.count(ALONE), groups.labels.count(ALONE)
    may_be_shown = known(((one.text, one.asker_key) for one in questions), least_askers=least_askers, taught=taught)
    for rows in members.values():
        if _askers(questions[row] for row in rows) < least_askers:
            small_topics, small_questions = small_topics + 1, small_questions + len(rows)
        else:
            shown.append(
                _topic([questions[row] for row in rows], [groups.centrality[row] for row in rows], may_be_shown)
            )
    shown.sort(key=lambda topic: (-topic.askers, -topic.questions, topic.title, topic.examples))
    return Topics(
        topics=tuple(
            topic for topic in shown if not _is_mostly("no_material", topic) and not _is_mostly("needs_staff", topic)
        ),
        gaps=tuple(topic for topic in shown if _is_mostly("no_material", topic)),
        for_staff=tuple(topic for topic in shown if _is_mostly("needs_staff", topic)),
        small_topics=small_topics,
        small_questions=small_questions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    words: str  # as they may be shown
    about: frozenset[str]  # as `_about` returns it
    asker_key: str | None
    language: str


def _askers(questions: Iterable[WeekQuestion]) -> int:
    return len({one.asker_key for one in questions} - {None})


def _topic(questions: Sequence[WeekQuestion], centrality: Sequence[float], known: KnownWords) -> Topic:
    said = list(_said(questions, centrality, known))
    title = _title(said, Counter(one.language for one in questions).most_common(1)[0][0])
    judged = sorted(one.relevance for one in questions if one.relevance is not None)
    return Topic(
        title=_cut(title.words, LONGEST_TITLE),
        examples=tuple(_examples(said, title)),
        questions=len(questions),
        askers=_askers(questions),
        outcomes=dict(Counter[Outcome](sorted(one.outcome for one in questions))),
        relevance=sum(judged) / len(judged) if judged else None,
        voted_down=sum(one.voted_down for one in questions),
        places=_places(place for one in questions for place in one.places),
        tries=sum((Counter(one.tries) for one in questions if one.tries), Counter[Again]()),
    )


def _title(said: Sequence[_Said], language: str) -> _Said:
    """Return the most typical question that is whole and short, in *language* if there is one."""
    whole = [one for one in said if GAP not in one.words and len(one.words) <= LONGEST_TITLE]
    return next((one for one in whole if one.language == language), whole[0] if whole else said[0])


def _is_mostly(outcome: Outcome, topic: Topic) -> bool:
    return 2 * topic.outcomes.get(outcome, 0) > topic.questions


def _said(questions: Sequence[WeekQuestion], centrality: Sequence[float], known: KnownWords) -> Iterator[_Said]:
    """Yield one question for each way to name the subject, the most typical first."""
    typical = dict[str, WeekQuestion]()
    for one in sorted(questions, key=lambda one: (one.text, one.asker_key or "")):
        typical.setdefault(one.text, one)
    weight = {one.text: central for one, central in zip(questions, centrality, strict=True)}
    times = Counter(one.text for one in questions)
    seen = set[frozenset[str]]()
    for text in sorted(weight, key=lambda text: (-round(weight[text], 6), -times[text], text)):
        one = typical[text]
        about = _about(text, one.language)
        if about not in seen and len(seen) < MOST_CONSIDERED:
            seen.add(about)
            words = presentable(text, known)
            yield _Said(words=words, about=_about(words, one.language), asker_key=one.asker_key, language=one.language)


def _about(text: str, language: str) -> frozenset[str]:
    """Return the runs of three letters of the words that carry the subject: a slip of the hand leaves most of them."""
    words = (f" {word} " for word in subject(plain(text), language).split())
    return frozenset(word[at : at + 3] for word in words for at in range(len(word) - 2))


def presentable(text: str, known: KnownWords) -> str:
    """
    Return *text* as it may be shown: anonymous, without greeting and thanks, beginning with a capital.

    >>> presentable("bom dia! pq o Zuleido usa LSTM? obrigada", KnownWords(asked=frozenset(), capitals=frozenset()))
    'Pq o … usa LSTM?'
    """
    shown = known.shown(_PICTURES.sub("", anonymous(text)))
    shown = _CLOSING.sub("", _without_greeting(" ".join(shown.split())))
    shown = _SHOUTED.sub(r"\1", shown).strip(_EDGE) or GAP
    return shown[0].upper() + shown[1:]


def _without_greeting(text: str) -> str:
    """Return *text* after its greeting, which is found in the folded text and so may be longer or shorter there."""
    folded = [fold(character) for character in text]
    greeting = OPENING.match("".join(folded).lstrip(_EDGE))
    if not greeting:
        return text
    length, at = len("".join(folded)) - len("".join(folded).lstrip(_EDGE)) + greeting.end(), 0
    while at < len(folded) and length > 0:
        length -= len(folded[at])
        at += 1
    return text[at:]


def _examples(said: Sequence[_Said], title: _Said) -> Iterator[str]:
    """
    Yield a few questions of different people that name the subject in other words than *title* and each other.

    One with a gap says less, and what it misses may be the point: only those without are examples.
    """
    taken = [title]
    for one in (one for one in said if GAP not in one.words):
        is_new = all(_overlap(one.about, other.about) < ALIKE for other in taken)
        is_of_another = all(one.asker_key != other.asker_key for other in taken[1:])
        if is_new and is_of_another and len(taken) <= EXAMPLES:
            taken.append(one)
            yield _cut(one.words, LONGEST_EXAMPLE)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _cut(text: str, longest: int) -> str:
    """Return *text*, or its first words and a gap where it is longer."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    return (kept.rpartition(" ")[0] or kept).rstrip(_EDGE) + GAP


def _places(cited: Iterable[Place]) -> tuple[Place, ...]:
    """Return the most cited moments; those near each other in one lecture count as one."""
    by_lecture = defaultdict[int, Counter[Place]](Counter)
    for place in cited:
        by_lecture[place.lecture_id][replace(place, citations=0)] += place.citations
    found = [place for starts in by_lecture.values() for place in _merged(starts)]
    return tuple(
        sorted(found, key=lambda place: (-place.citations, place.lecture, place.lecture_id, place.start_s))[:PLACES]
    )


def _merged(starts: Counter[Place]) -> Iterator[Place]:
    near = list[Place]()
    for place in sorted(starts, key=lambda place: (place.start_s, place.url or "")):
        if near and place.start_s - near[0].start_s > NEAR_S:
            yield _commonest(near, starts)
            near = []
        near.append(place)
    if near:
        yield _commonest(near, starts)


def _commonest(near: Sequence[Place], starts: Counter[Place]) -> Place:
    return replace(max(near, key=lambda place: starts[place]), citations=sum(starts[place] for place in near))


async def _embedded(apart: Distinct, embedder: Embedder) -> Vectors:
    """Return the vectors of the most asked; the rows of the others are zero."""
    most = sorted(range(len(apart.keys)), key=lambda row: (-apart.counts[row], apart.keys[row]))[:MOST_EMBEDDED]
    frames = await embedder.embed_passages(FRAMES)
    own = await embedder.embed_passages([apart.texts[row] for row in most])
    vectors = np.zeros((len(apart.keys), own.shape[1]), np.float32)
    vectors[most] = await asyncio.to_thread(without_frames, own, frames)
    return vectors


async def _in_process(apart: Distinct, vectors: Vectors | None) -> Groups:
    """Group in a process of its own, which is ended where nobody waits for it any more."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_work, args=(there,), daemon=True)
    await asyncio.to_thread(process.start)
    there.close()
    try:
        return await asyncio.to_thread(_exchanged, here, replace(apart, texts=(), of=()), vectors)
    finally:
        process.kill()  # it has answered, or nobody waits for the answer
        here.close()
        await asyncio.to_thread(process.join)
        process.close()


def _exchanged(pipe: Connection, apart: Distinct, vectors: Vectors | None) -> Groups:
    try:
        pipe.send((apart, vectors))
        return pipe.recv()
    except (EOFError, OSError):  # it is gone: out of memory, most often, or cancelled
        raise Unavailable(
            "The process that groups the digest's questions ended before it was done; give the machine more memory."
        ) from None


def _work(pipe: Connection) -> None:
    """Be the process: one thread, so that sums come out alike everywhere, and behind all other work."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # Who asked may have been killed meanwhile: there is nobody left to tell, and no use in a traceback.
    with threadpool_limits(1), suppress(EOFError, ConnectionError):
        pipe.send(group_distinct(*pipe.recv()))
