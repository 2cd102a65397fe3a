"""Put a question so that it can be searched: standing alone, and in the languages of the lectures."""

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services import prompts
from services.citing.citations import SPACED
from services.citing.without_links import without_links
from services.models.chat import ChatModel, Message
from services.models.troubles import ModelUnavailable
from services.words.fillers import FILLERS
from services.words.terms import fold, terms, words

log = logging.getLogger(__name__)

STANDALONE = "standalone/2"
TRANSLATE = "translate/2"
TIME_LIMIT_S = 8.0
"""For each of the two; a better search is not worth more of the student's time."""
MOST_TURNS = 4
LONGEST_TURN = 800
LONGEST_QUESTION = 1_500
MOST_LANGUAGES = 3
LANGUAGE_LINE = re.compile(r"^[-*\s`\"]*\[?([A-Za-z]{2})(?:[-_][A-Za-z]{2,4})?\]?[*`\"]*: *(\S.*?)[ ,]*$", re.MULTILINE)
SHORT_QUESTION = 3
"""Words with a subject; a question with more of them hardly leans on the one before."""
MOST_BEFORE = 12
SAYS = r"(?: (?:ja|so|nao|nos|me))* (?:fal|diss|diz|dit|explic|mencion|coment|cit|abord|mostr|ensin|apresent|discut)"
LEANS = re.compile(
    r"^\W*(?:e|mas|entao|ou|ok|sim|nao|and|but|so|or|then|yes|no)\b"
    r"|\b(?:[dn]?isto|[dn]?isso|[dn]?ess[ea]s?|[dn]?est[ea]s?|[dn]?aquel[ea]s?|aquilo|[dn]el[ea]s?|tambem|mesm[oa]s?"
    r"|outr[oa]s?|diferencas?|melhor|pior|igual"
    r"|it|its|that|this|these|those|them|their|also|too|same|others?|another|difference|better|worse|instead)\b"
    # Who says something is the lecturer, not what the question before was about: "o que ele falou de dropout?"
    rf"|\bel[ea]s?\b(?!{SAYS})|\bthey\b(?! (?:say|said|talk|mention|explain|cover|discuss))"
)
"""What a short question with a subject of its own says where it is about the one before as well; folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question and its answer, earlier in the same conversation."""

    question: str
    answer: str


async def standalone(question: str, history: Sequence[Turn], model: ChatModel | None, *, time_limit_s: float) -> str:
    """
    Return *question* so that it can be understood without *history*, or as it is where that is not possible.

    Without a model, a question that leans on what was said is preceded by what the last one with a subject was about.
    """
    if not history:
        return question
    if model is None:
        return _leaning_on(history, question)
    conversation = "\n".join(
        f"Student: {turn.question[:LONGEST_TURN]}\nAnswer: {turn.answer[:LONGEST_TURN]}"
        for turn in history[-MOST_TURNS:]
    )
    messages = prompts.load(STANDALONE).fill(
        conversation=prompts.as_data(conversation), question=prompts.as_data(question)
    )
    line = await _said(model, messages, time_limit_s)
    longest = 3 * len(question) + 200  # what the conversation adds to "e na LSTM?"
    return line if line and _is_question(line, longest) else question


async def translations(
    question: str, targets: Collection[str], model: ChatModel | None, *, time_limit_s: float
) -> dict[str, str]:
    """Return *question* in those of the languages *targets* (two-letter codes) that a model could give, by language."""
    wanted = tuple(targets)[:MOST_LANGUAGES]
    if not wanted or model is None:
        return {}
    messages = prompts.load(TRANSLATE).fill(languages=", ".join(wanted), question=prompts.as_data(question))
    said = await _said(model, messages, time_limit_s)
    found = _by_language(said, wanted)
    longest = 3 * len(question) + 60
    return {code: found[code] for code in wanted if code in found and _is_question(found[code], longest)}


def _by_language(said: str, wanted: Sequence[str]) -> dict[str, str]:
    """
    Return the lines of a translation by their language; where one was asked for, its line may lack the name of it.

    >>> _by_language("**pt-BR**: o que é isso?", ["pt"]), _by_language('"what is this?"', ["en"])
    ({'pt': 'o que é isso?'}, {'en': 'what is this?'})
    """
    lines = LANGUAGE_LINE.findall(said)
    if not lines and len(wanted) == 1 and "\n" not in said.strip():
        return {wanted[0]: said.strip().strip("\"“”«»'`* ")}
    return {code.lower(): line.strip('"“”«»` ') for code, line in lines}


async def _said(model: ChatModel, messages: Sequence[Message], time_limit_s: float) -> str:
    """Return what the model says, "" where it fails: the search then does without."""
    try:
        completion = await model.complete(messages, time_limit_s=min(time_limit_s, TIME_LIMIT_S))
    except ModelUnavailable as error:
        log.warning("phrasing.skipped", extra={"reason": str(error)})
        return ""
    return completion.text.strip()


def _is_question(line: str, longest: int) -> bool:
    """Tell a usable line from an explanation, an answer with marks, or a refusal to write one line."""
    is_plain = "\n" not in line and "NO_MATERIAL" not in line and "NEEDS_STAFF" not in line
    is_clean = not SPACED.search(line) and without_links(line) == line
    return is_plain and is_clean and 0 < len(line) <= min(longest, LONGEST_QUESTION)


def _leaning_on(history: Sequence[Turn], question: str) -> str:
    """
    Put what was asked about before in front of a *question* that does not say, or not all of it.

    >>> _leaning_on([Turn(question="o que é dropout no treino?", answer="…")], "e no teste?")
    'dropout treino: e no teste?'
    """
    if not leans(question):
        return question
    own = _subject(question)
    # A follow-up of a follow-up: "e depois?" is no more of a subject.
    before = next(filter(None, (_subject(turn.question) for turn in reversed(history))), list[str]())
    subject = [word for word in before if word not in own]
    return f"{' '.join(subject[:MOST_BEFORE])}: {question}" if subject else question


def leans(question: str) -> bool:
    """
    Tell whether *question* does not say, or not all of, what it is about.

    >>> leans("e no teste?"), leans("por quê?"), leans("o que é dropout?")
    (True, True, False)
    """
    own = _subject(question)
    return not own or (len(own) <= SHORT_QUESTION and bool(LEANS.search(fold(question))))


def _subject(text: str) -> list[str]:
    return list(dict.fromkeys(word for word in words(text) if terms(word, "pt") and fold(word) not in FILLERS))
