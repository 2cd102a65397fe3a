"""Keep once what captions show many times: a sentence for each word that is lit, words that add up, lines joined."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.lectures.captions.pace import FASTEST, per_minute, words_in
from services.lectures.captions.records import Caption, Refusal
from services.lectures.captions.text import cleaned

TOUCH_MS = 100
SURE_WORDS = 3
ROLLING_SHARE = 0.3
ROLLING_PAIRS = 3
UNSAYABLE = FASTEST * 0.7
"""Words a minute at which a run of cues that repeat each other cannot have been said so: they were shown."""
FEWEST_SHOWN = 20
"""So many cues in such runs, where no tag lights a word: a few quick repetitions may be a slip of the times."""
LIT = re.compile(r"<(?:u|b|i|c|font|span)[ .>]", re.IGNORECASE)
MAX_WORDS = 120
"""So far back an overlap is looked for; two minutes are more than any cue that rolls."""
MAX_CHARS = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A cue with its words, and how many of them the cue before it ends with."""

    cue: Caption
    words: Sequence[str]
    again: int

    @property
    def adds(self) -> Sequence[str]:
        return self.words[self.again :]


def said_once(cues: Sequence[Caption]) -> tuple[list[Caption], list[Refusal]]:
    """
    Keep the words that each cue adds to the one before it, where the file shows and nobody can say them again.

    That is certain for a run of touching cues that is too fast to be spoken, and for a file in which many cues
    begin with the last words of the one before. A speaker who says a sentence five times keeps all five.
    """
    shown = _compared(cues)
    rolls = _rolls(shown)
    kept, refused = list[Caption](), list[Refusal]()
    runs = _runs(shown)
    many = sum(len(run) for run in runs if _is_unsayable(run)) >= FEWEST_SHOWN
    for run in runs:
        is_shown = _is_unsayable(run) and (many or _is_lit(run))
        is_rolled = rolls and any(0 < one.again < len(one.words) for one in run)
        for one in run:
            if not (one.again and (is_shown or is_rolled)):
                kept.append(one.cue)
            elif one.adds:
                kept.append(replace(one.cue, text=" ".join(one.adds)))
            else:
                kept[-1] = _lasting(kept[-1], one.cue)
                refused.append(
                    Refusal(line=one.cue.line, kind="repeat", reason="shows again what the cue before it shows")
                )
    return kept, refused


def _compared(cues: Sequence[Caption]) -> list[Shown]:
    shown = list[Shown]()
    for cue in cues:
        words = cleaned(cue.text).words.split() if len(cue.text) < MAX_CHARS else []
        above = shown[-1] if shown else None
        again = _overlap(above.words, words) if above and _touch(above.cue, cue) else 0
        shown.append(Shown(cue=cue, words=words, again=again))
    return shown


def _touch(above: Caption, cue: Caption) -> bool:
    return above.end_ms is not None and above.start_ms <= cue.start_ms <= above.end_ms + TOUCH_MS


def _overlap(above: Sequence[str], words: Sequence[str]) -> int:
    """Count the words at the beginning of *words* that are the last ones of *above*: all of either, or a few."""
    if above == words:
        return len(words)
    longest = min(len(above), len(words), MAX_WORDS)
    for count in range(longest, 0, -1):
        is_enough = count >= SURE_WORDS or count == len(above) or count == len(words)
        if is_enough and above[-count] == words[0] and list(above[-count:]) == list(words[:count]):
            return count
    return 0


def _runs(shown: Sequence[Shown]) -> list[list[Shown]]:
    """Group each cue with those before it that it shows again."""
    runs = list[list[Shown]]()
    for one in shown:
        if one.again and runs:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _is_lit(run: Sequence[Shown]) -> bool:
    """Tell whether cues of the same words differ in which of them a tag marks."""
    return len({one.cue.text for one in run}) > 1 and any(LIT.search(one.cue.text) for one in run)


def _is_unsayable(run: Sequence[Shown]) -> bool:
    if len(run) < 2 or max(len(one.words) for one in run) < 2:
        return False
    ends_ms = [one.cue.end_ms or one.cue.start_ms for one in run]
    seconds = max(max(ends_ms) - run[0].cue.start_ms, 1) / 1000
    return per_minute(sum(words_in(" ".join(one.words)) for one in run), seconds) > UNSAYABLE


def _rolls(shown: Sequence[Shown]) -> bool:
    """Many cues carry some words over and add others."""
    pairs = sum(SURE_WORDS <= one.again < len(one.words) for one in shown)
    return pairs >= max(ROLLING_PAIRS, ROLLING_SHARE * len(shown))


def _lasting(cue: Caption, other: Caption) -> Caption:
    return replace(cue, end_ms=max(cue.end_ms or 0, other.end_ms or 0) or None)
