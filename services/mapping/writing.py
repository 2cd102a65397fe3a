"""Have a model name a chapter and say what it is about, and keep of that only what the lecturer's words support."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from db.records import Hit
from db.records.maps import Chapter
from services import prompts
from services.citing.attribution import LEAST_SUPPORT, support
from services.citing.citations import moment_of, without_marks
from services.citing.support import rarity
from services.citing.without_links import without_links
from services.ground.text import clean
from services.mapping.drawing import with_quote
from services.mapping.speech import Speech
from services.mapping.telling import Quote, quoted
from services.models.chat import Message
from services.words.terms import terms

PROMPT = "map/1"
MOST_LETTERS = 12_000
"""Of what is said in a chapter; of a longer one the beginning and the end are shown, which say what it is about."""
LONGEST_TITLE, LONGEST_SENTENCE = 80, 300
LEAST_TITLED = 0.5
"""The share of a title's terms that must be said in its chapter."""
CHARACTERS_A_TOKEN = 3
REPLY_TOKENS = 400

LINE = re.compile(r"^\W{0,4}(TITLE|T[ÍI]TULO|SENTENCE|FRASE)\W{0,4}:\W{0,4}(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """What a model said of a chapter; each is None where it said none."""

    title: str | None
    sentence: str | None


def wants_words(line: Chapter) -> bool:
    """Tell whether a model may write something of a line: a title in place of terms, a sentence in place of a quote."""
    return line.origin == "quoted" or line.is_quoted


def asked(speech: Speech, line: Chapter, language: str) -> tuple[Message, ...]:
    """Return what a model is asked about a chapter: it sees what is said there, and nothing else."""
    text = " ".join(cue.text for cue in speech.between(line.start_ms, line.end_ms))
    if len(text) > MOST_LETTERS:
        text = f"{text[: MOST_LETTERS * 2 // 3]} […] {text[-MOST_LETTERS // 3 :]}"
    return prompts.load(PROMPT).fill(passages=prompts.as_data(text), language=language)


def cost(messages: Sequence[Message]) -> int:
    """Estimate rather high how many tokens a call will take."""
    return math.ceil(sum(len(message.content) for message in messages) / CHARACTERS_A_TOKEN) + REPLY_TOKENS


def read(text: str) -> Wrote:
    r"""
    Read the two lines of a model's reply.

    >>> read("TITLE: Dropout\nSENTENCE: Neurons are switched off.")
    Wrote(title='Dropout', sentence='Neurons are switched off.')
    """
    found = {match[1].upper()[0]: _shown(match[2]) for match in LINE.finditer(text)}
    return Wrote(title=found.get("T"), sentence=found.get("S") or found.get("F"))


def _shown(text: str) -> str | None:
    """Return a model's words as they may be shown: on one line, without marks, addresses and signs of emphasis."""
    return clean(without_marks(without_links(text.replace("*", "").replace("`", "")))).strip("\"'“”«» ") or None


def written(speech: Speech, line: Chapter, wrote: Wrote) -> Chapter:
    """Return *line* with what a model *wrote*, each part only where what is said in the chapter supports it."""
    passages = speech.passages_of(line.start_ms, line.end_ms)
    told = line
    if wrote.title and line.origin == "quoted" and _is_said(wrote.title, passages, speech.language):
        told = replace(told, title=wrote.title, origin="written")
    if wrote.sentence and line.is_quoted and (quote := _proof(wrote.sentence, passages)):
        told = with_quote(replace(told, sentence=wrote.sentence), quote)
    return told


def _is_said(title: str, passages: Sequence[Hit], language: str) -> bool:
    wanted = terms(title, language)
    said = {term for passage in passages for term in terms(passage.text, language)}
    return bool(wanted) and len(title) <= LONGEST_TITLE and len(said & wanted.keys()) >= LEAST_TITLED * len(wanted)


def _proof(sentence: str, passages: Sequence[Hit]) -> Quote | None:
    """Return the words that support a sentence, as an answer's claim must be supported, or None."""
    rare = rarity(passages)
    found = max(((support(sentence, hit, rare), -at) for at, hit in enumerate(passages)), default=(0.0, 0))
    if found[0] < LEAST_SUPPORT or len(sentence) > LONGEST_SENTENCE:
        return None
    passage = passages[-found[1]]
    moment = moment_of(sentence, passage, rare)
    at = passage.text.find(moment.quote) if moment and moment.quote else -1
    return quoted(passage, at, at + len(moment.quote)) if moment and at >= 0 else None
