"""How well, and how fast, the same question is found again: `python -m bench same-question [MODEL]`."""

import asyncio
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from services.answering.same_question import (
    MEASURED,
    WORDS_ALONE,
    Candidates,
    Comparable,
    Likeness,
    Match,
    Thresholds,
    Verdict,
    asked,
    best,
    judge,
    likeness,
)
from services.ground.statistics import wilson
from services.models.embedder import EmbedderConfig, open_embedder

SET = Path(__file__).parents[1] / "samples" / "pairs.jsonl"
WANTED_PRECISION = 0.99
"""Of "same", on the half that thresholds are chosen on, which flatters: on the other it is to be 0.98."""

MOST_ASTRAY = 0.15
"""Share of questions that may find something related among questions about something else entirely."""

OVERLAPS = (1.0, 0.9, 0.85, 0.8, 0.75, 0.66, 0.6, 0.5)
COSINES = tuple(step / 100 for step in range(98, 48, -2))
VERIFIED = 1_000
ROUNDS = 300
SPLITS: tuple["Split", ...] = ("dev", "test")

Split = Literal["dev", "test"]
Rule = Callable[[Likeness], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One line of the set."""

    id: str
    a: str
    b: str
    lang_a: str
    lang_b: str
    label: Verdict
    split: Split

    @property
    def languages(self) -> str:
        return "–".join(sorted((self.lang_a, self.lang_b), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A pair with what the rule sees of it."""

    pair: Pair
    like: Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """How a rule did on some pairs."""

    said: int  # pairs it accepted
    right: int  # of those
    true: int  # pairs that it should have accepted

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of asking each question where all others of its half are verified."""

    questions: int  # that somebody asked before in other words
    right: int  # found one that asks the same
    wrong: int  # one that does not
    related: int  # none, but one that is related
    astray: int  # among questions about something else entirely, something related


async def main(arguments: Sequence[str]) -> None:
    """Print all figures with the embedding model that is named, or with the packaged one; "none" is none."""
    pairs = read(SET)
    questions, model = await embedded(pairs, arguments[0] if arguments else "bundled")
    measured = [measure(pair, questions) for pair in pairs]
    chosen = choose([one for one in measured if one.pair.split == "dev"], questions)
    console = Console()
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(pairs):,} pairs")
    console.print(_rules(measured, chosen, model))
    console.print(_by_languages(measured))
    console.print(_curve(measured))
    console.print(_one_against_all(pairs, questions, model))
    console.print(_speed(list(questions.values())))
    console.print(_row(model, chosen))


def read(path: Path) -> list[Pair]:
    return [Pair(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


async def embedded(pairs: Sequence[Pair], name: str) -> tuple[dict[str, Comparable], str]:
    """Return each question of *pairs*, with its vector by the model called *name*, and that model's name."""
    languages = {pair.a: pair.lang_a for pair in pairs} | {pair.b: pair.lang_b for pair in pairs}
    async with open_embedder(EmbedderConfig(model=name)) as embedder:
        if embedder is None:
            return {text: asked(text, language) for text, language in languages.items()}, "none"
        model = embedder.identity.model
        vectors = await asyncio.gather(*map(embedder.embed_query, languages))
        return {
            text: asked(text, language, vector=vector, model=model)
            for (text, language), vector in zip(languages.items(), vectors, strict=True)
        }, model


def measure(pair: Pair, questions: Mapping[str, Comparable]) -> Measured:
    return Measured(pair=pair, like=likeness(questions[pair.a], questions[pair.b]))


def hits(measured: Sequence[Measured], rule: Rule, labels: frozenset[Verdict]) -> Hits:
    said = [one for one in measured if rule(one.like)]
    return Hits(
        said=len(said),
        right=sum(one.pair.label in labels for one in said),
        true=sum(one.pair.label in labels for one in measured),
    )


SAME: frozenset[Verdict] = frozenset({"same"})
NOT_DIFFERENT: frozenset[Verdict] = frozenset({"same", "related"})


def same_by(limits: Thresholds) -> Rule:
    return lambda like: judge(like, limits) == "same"


def near_by(limits: Thresholds) -> Rule:
    return lambda like: judge(like, limits) != "different"


def rules() -> dict[str, list[tuple[str, Rule]]]:
    """The rules that were tried, each with its thresholds from the strictest on."""

    def cosine(like: Likeness) -> float:
        return -1.0 if like.cosine is None else like.cosine

    return {
        "words": [(f"overlap ≥ {t:g}", lambda like, t=t: like.overlap >= t) for t in OVERLAPS],
        "vectors": [(f"cosine ≥ {t:g}", lambda like, t=t: cosine(like) >= t) for t in COSINES],
        "both": [(f"mean ≥ {t:g}", lambda like, t=t: like.score >= t) for t in COSINES],
        "vectors, guards": [
            (f"cosine ≥ {t:g}", lambda like, t=t: not like.against and cosine(like) >= t) for t in COSINES
        ],
        "words, guards": [
            (f"overlap ≥ {t:g}", same_by(replace(WORDS_ALONE, same_overlap=t))) for t in OVERLAPS
        ],
        "both, guards": [
            (
                f"overlap ≥ {t:g} and cosine ≥ {u:g}",
                lambda like, t=t, u=u: not like.against and like.overlap >= t and cosine(like) >= u,
            )
            for t, u in product(OVERLAPS, COSINES)
        ],
    }  # fmt: skip


def pick(dev: Sequence[Measured], tried: Sequence[tuple[str, Rule]]) -> tuple[str, Rule]:
    """Return the rule with the most recall of those that are precise enough, or else the most precise one."""
    reached = [(hits(dev, rule, SAME), place) for place, (_, rule) in enumerate(tried)]
    precise = [(one.recall, -place) for one, place in reached if one.said and one.precision >= WANTED_PRECISION]
    _, place = max(precise or [(one.precision, -place) for one, place in reached])
    return tried[-place]


def choose(dev: Sequence[Measured], questions: Mapping[str, Comparable]) -> tuple[Thresholds, Thresholds]:
    """Return the thresholds to use without an embedder and with this one, by the pairs *dev* alone."""
    where, _ = pick(dev, rules()["words, guards"])
    same = replace(WORDS_ALONE, same_overlap=float(where.rpartition(" ")[2]))
    strangers = list(_strangers([one.pair for one in dev], questions))
    words = _most_related(dev, strangers, [replace(same, related_overlap=overlap) for overlap in OVERLAPS])
    return words, _most_related(dev, strangers, [replace(words, related_cosine=cosine) for cosine in COSINES])


def _most_related(
    dev: Sequence[Measured], strangers: Sequence[tuple[str, str, Likeness]], tried: Sequence[Thresholds]
) -> Thresholds:
    """Return the most generous of those that seldom relate questions about something else entirely."""
    asked_of = {text for a, b, _ in strangers for text in (a, b)}
    fit = [limits for limits in tried if _astray(strangers, limits) <= MOST_ASTRAY * len(asked_of)]
    return max(fit, key=lambda limits: hits(dev, near_by(limits), NOT_DIFFERENT).recall, default=tried[0])


def _astray(strangers: Sequence[tuple[str, str, Likeness]], limits: Thresholds) -> int:
    return len({text for a, b, like in strangers if judge(like, limits) != "different" for text in (a, b)})


def _strangers(pairs: Sequence[Pair], questions: Mapping[str, Comparable]) -> Iterator[tuple[str, str, Likeness]]:
    """Yield pairs of questions of different clusters, but for those that the set calls related."""
    cluster = clusters(pairs)
    known = {frozenset({pair.a, pair.b}) for pair in pairs if pair.label == "related"}
    texts = sorted(cluster)
    for place, a in enumerate(texts):
        for b in texts[place + 1 :]:
            if cluster[a] != cluster[b] and frozenset({a, b}) not in known:
                yield a, b, likeness(questions[a], questions[b])


def clusters(pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the topic of each question; ids begin with it."""
    found: dict[str, str] = {}
    for pair in pairs:
        name = pair.id.rpartition("-")[0]
        if not name.startswith("across"):
            found |= {pair.a: name, pair.b: name}
    return found


def wordings(pairs: Sequence[Pair]) -> dict[str, frozenset[str]]:
    """Return for each question all that ask the same, itself included."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        together = found[pair.a] | found[pair.b] | {pair.a, pair.b} if pair.label == "same" else set[str]()
        for text in together:
            found[text] = together
    texts = {text for pair in pairs for text in (pair.a, pair.b)}
    return {text: frozenset(found[text] | {text}) for text in texts}


def one_against_all(pairs: Sequence[Pair], questions: Mapping[str, Comparable]) -> Found:
    """Ask each question of *pairs* while all others are verified ones."""
    cluster, same = clusters(pairs), wordings(pairs)
    texts = sorted(cluster)
    matches: list[tuple[str, str | None, Match | None]] = []
    astray = 0
    for text in texts:
        others = [other for other in texts if other != text]
        match = best(questions[text], Candidates([questions[other] for other in others]))
        matches.append((text, others[match.place] if match else None, match))
        strangers = [other for other in others if cluster[other] != cluster[text]]
        astray += best(questions[text], Candidates([questions[other] for other in strangers])) is not None
    shown = [(text, other) for text, other, match in matches if match and match.verdict == "same"]
    return Found(
        questions=sum(len(same[text]) > 1 for text in texts),
        right=sum(other in same[text] for text, other in shown),
        wrong=sum(other not in same[text] for text, other in shown),
        related=sum(match is not None and match.verdict == "related" for _, _, match in matches),
        astray=astray,
    )


def _rules(measured: Sequence[Measured], chosen: tuple[Thresholds, Thresholds], model: str) -> Table:
    table = Table(
        "rule", "threshold, by dev", "dev precision", "dev recall", "test precision", "test recall",
        title=f"«same», {model}",
    )  # fmt: skip
    dev = [one for one in measured if one.pair.split == "dev"]
    for name, tried in rules().items():
        where, rule = pick(dev, tried)
        table.add_row(name, where, *_both_halves(measured, rule, SAME))
    words, both = chosen
    for name, limits in (("words", words), ("both", both)):
        table.add_row(
            f"«same or related», {name}", _related(limits), *_both_halves(measured, near_by(limits), NOT_DIFFERENT)
        )
    return table


def _by_languages(measured: Sequence[Measured]) -> Table:
    table = Table(
        "languages", "dev precision", "dev recall", "test precision", "test recall", title="«same», as shipped"
    )
    for languages in sorted({one.pair.languages for one in measured}):
        some = [one for one in measured if one.pair.languages == languages]
        table.add_row(languages, *_both_halves(some, same_by(WORDS_ALONE), SAME))
    return table


def _curve(measured: Sequence[Measured]) -> Table:
    table = Table("from", "dev precision", "dev recall", "test precision", "test recall", title="thresholds of «same»")
    tried = rules()
    for name, step in (("words, guards", 1), ("vectors, guards", 4)):
        for where, rule in tried[name][::step]:
            table.add_row(f"{where}, guards", *_both_halves(measured, rule, SAME))
    return table


def _both_halves(measured: Sequence[Measured], rule: Rule, labels: frozenset[Verdict]) -> Iterator[str]:
    for split in SPLITS:
        reached = hits([one for one in measured if one.pair.split == split], rule, labels)
        yield _share(reached.right, reached.said)
        yield _share(reached.right, reached.true)


def _one_against_all(pairs: Sequence[Pair], questions: Mapping[str, Comparable], model: str) -> Table:
    table = Table("half", "asked again", "found", "wrong", "related", "astray", title=f"one against all, {model}")
    for split in SPLITS:
        found = one_against_all([pair for pair in pairs if pair.split == split], questions)
        cells = (found.questions, found.right, found.wrong, found.related, found.astray)
        table.add_row(split, *map(str, cells))
    return table


def _speed(questions: Sequence[Comparable]) -> Table:
    verified = [questions[number % len(questions)] for number in range(VERIFIED)]
    began = time.perf_counter()
    kept = Candidates(verified)
    built_ms = (time.perf_counter() - began) * 1_000
    took = sorted(_milliseconds(question, kept) for question in questions[:ROUNDS])
    table = Table("work", "n", "median", "p95", "target", title=f"one question against {VERIFIED:,} verified ones")
    p95 = took[int(0.95 * (len(took) - 1))]
    table.add_row("best", str(len(took)), f"{statistics.median(took):.2f} ms", f"{p95:.2f} ms", "≤ 10 ms")
    table.add_row("arrange them", "1", f"{built_ms:.1f} ms", "", "")
    return table


def _milliseconds(question: Comparable, kept: Candidates) -> float:
    began = time.perf_counter()
    best(question, kept)
    return (time.perf_counter() - began) * 1_000


def _row(model: str, chosen: tuple[Thresholds, Thresholds]) -> Table:
    table = Table("model", "chosen", "shipped", title="for services/answering/same_question.py")
    rows = {"none": (chosen[0], WORDS_ALONE)} | ({} if model == "none" else {model: (chosen[1], MEASURED.get(model))})
    for name, (limits, shipped) in rows.items():
        table.add_row(name, repr(limits), "the same" if limits == shipped else repr(shipped))
    return table


def _related(limits: Thresholds) -> str:
    return f"overlap ≥ {limits.related_overlap:g}, or cosine ≥ {limits.related_cosine:g}"


def _share(part: int, whole: int) -> str:
    interval = wilson(part, whole)
    return f"{part / whole:.3f} [{interval[0]:.3f}, {interval[1]:.3f}] {part}/{whole}" if interval else "–"
