"""Write an answer from the passages found: with a model, without one, or in the words of staff."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from db.records import Hit, IntentKind, Outcome, Reference, VerifiedId
from services import i18n, prompts
from services.answering.asked import Question
from services.answering.asked_before import Known
from services.answering.drafts import BEFORE_VERDICT, VERDICT, Draft
from services.answering.without_model import quotations
from services.citing.attribution import attributed
from services.citing.citations import Claim, resolve
from services.citing.marks import normalised
from services.citing.nearness import Nearness
from services.ground.timestamps import clock
from services.models.chat import ChatModel, Message
from services.models.completions import Completion
from services.models.troubles import ModelUnavailable
from services.search.retrieve import Found
from services.words.for_staff import needs_staff

log = logging.getLogger(__name__)

EXTRACTIVE = "extractive"
VERIFIED = "verified"
UNCITED = "no valid citation"
FAILED = ("answer.failed", "answer.failed_with_quotes")
REFUSED = ("answer.refused", "answer.refused_with_quotes")
WITHHELD = ("answer.uncited", "answer.uncited_with_quotes")
LEAST_SECOND_TRY_S = 2.0
"""With less time left, a model is not asked again for its marks."""
MARKS_PLEASE = (
    "Your answer has no passage numbers. Write the same answer again with the number of the passage that says so in"
    ' square brackets after each sentence, such as "… [2].", and leave out what no passage says. Nothing else.'
)
HITS = 10
NUMBER_IN_DATA = re.compile(r"\[([\s^]*[0-9][0-9\s,;–-]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a question, not yet stored."""

    outcome: Outcome
    text: str
    references: tuple[Reference, ...] = ()
    unsure: tuple[Claim, ...] = ()  # what it says, in words that the cited passages hardly hold
    failure: str | None = None
    found: Found = field(default_factory=lambda: NOTHING)
    standalone: str | None = None
    verified: VerifiedId | None = None  # the words are those of this verified answer
    evidence: tuple[VerifiedId, ...] = ()  # verified answers whose passages were among the hits
    model: str = EXTRACTIVE
    prompt: prompts.Prompt | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    intent: IntentKind | None = None  # None: an answer
    further: int = 0  # moments, or lectures, beyond those that it cites


NOTHING = Found(hits=(), mode="lexical", generation_id=None, language="")


async def with_model(
    model: ChatModel,
    prompt: prompts.Prompt,
    question: Question,
    found: Found,
    deadline: float,
    *,
    nearness: Nearness | None = None,
) -> AsyncGenerator[Draft | Written, None]:
    messages = prompt.fill(
        passages="\n\n".join(_passage(number, hit) for number, hit in enumerate(found.hits, start=1)),
        question=harmless(question.text),
        language=question.language,
        before=harmless(question.before),
    )
    try:
        async with aclosing(model.stream(messages, time_limit_s=left_s(deadline))) as parts:
            async for part in parts:
                if isinstance(part, Completion):
                    # To find the cues takes some 15 ms; of fifty answers that end at once, most of a second.
                    judged = await _placed(part, question, found, nearness)
                    written = judged or await _marked(model, messages, part, question, found, deadline, nearness)
                    yield replace(written, prompt=prompt)
                else:
                    yield Draft(written=part)
    except ModelUnavailable as error:
        log.warning("answer.failed", extra={"question_id": question.id, "reason": str(error)})
        texts = REFUSED if error.trouble in {"content_filter", "refusal"} else FAILED
        failed = await _failed(question, found, str(error), texts, nearness)
        yield replace(failed, model=model.name, prompt=prompt)


async def _placed(
    completion: Completion, question: Question, found: Found, nearness: Nearness | None
) -> Written | None:
    """Tell what the model's text amounts to; where words do not tell the moments that it cites, meaning does."""
    judged = await asyncio.to_thread(_judged, completion, question, found)
    if judged is None or not judged.unsure or nearness is None:
        return judged
    spoken = await nearness.spoken(judged.unsure, found.generation_id, question.language)
    return await asyncio.to_thread(_judged, completion, question, found, spoken) if spoken else judged


async def _marked(
    model: ChatModel,
    messages: Sequence[Message],
    first: Completion,
    question: Question,
    found: Found,
    deadline: float,
    nearness: Nearness | None,
) -> Written:
    """Ask for the marks that an answer lacks, else give its sentences those that our own measure finds, else fail."""
    again = None
    turns = (*messages, Message(role="assistant", content=first.text), Message(role="user", content=MARKS_PLEASE))
    if left_s(deadline) > LEAST_SECOND_TRY_S:
        with suppress(ModelUnavailable):
            again = await model.complete(turns, time_limit_s=left_s(deadline))
    spent = _both(first, again) if again else first
    written = await asyncio.to_thread(_marked_by_us, first, again, spent, question, found)
    if written is None:
        written = await _failed(question, found, UNCITED, WITHHELD, nearness)
    return replace(written, model=spent.model, tokens_in=spent.tokens_in, tokens_out=spent.tokens_out)


def _marked_by_us(
    first: Completion, again: Completion | None, spent: Completion, question: Question, found: Found
) -> Written | None:
    written = _judged(replace(spent, text=again.text), question, found) if again else None
    # What the model wrote first comes first: asked again, it was told to change nothing but the marks.
    for text in (first.text, again.text if again else ""):
        if written is None:
            written = _judged(replace(spent, text=attributed(normalised(text), found.hits)), question, found)
    return written


def _both(first: Completion, again: Completion) -> Completion:
    """Return *again* with the tokens of both, where its server counts them."""
    counted = [(first.tokens_in, again.tokens_in), (first.tokens_out, again.tokens_out)]
    tokens_in, tokens_out = (None if None in pair else sum(filter(None, pair)) for pair in counted)
    return replace(again, tokens_in=tokens_in, tokens_out=tokens_out)


def _judged(
    completion: Completion, question: Question, found: Found, spoken: Mapping[Claim, str] | None = None
) -> Written | None:
    """Tell what the model's text amounts to: an answer, a verdict, or None where it is neither."""
    written = Written(
        outcome="no_material",
        text=i18n.text("answer.no_material", question.reads),
        model=completion.model,
        tokens_in=completion.tokens_in,
        tokens_out=completion.tokens_out,
    )
    verdict = VERDICT.match(completion.text.lstrip(BEFORE_VERDICT))
    if verdict and verdict[1] == "NEEDS":
        return replace(written, outcome="needs_staff", text=i18n.text("answer.needs_staff", question.reads))
    if verdict:
        return written
    cited = resolve(VERDICT.sub("", normalised(completion.text)), found.hits, spoken)
    if not cited.references:
        return None
    return replace(
        written, outcome="answered", text=cited.text.strip(), references=cited.references, unsure=cited.unsure
    )


async def without_model(
    question: Question, found: Found, *, nearness: Nearness | None = None
) -> AsyncGenerator[Draft | Written, None]:
    if needs_staff(question.text):
        yield Written(outcome="needs_staff", text=i18n.text("answer.needs_staff", question.reads))
        return
    quotes = await quotations(question, found, nearness)
    if quotes.references:
        label = i18n.text("answer.quotes", question.reads)
        yield Written(outcome="answered", text=f"{label}\n\n{quotes.text}", references=quotes.references)
    else:
        yield Written(outcome="no_material", text=i18n.text("answer.no_material", question.reads))


def repeated(known: Known, rewritten: str | None) -> Written:
    """Give the words of staff to who asks the same again."""
    return Written(
        outcome="answered",
        text=known.text,
        references=known.references,
        standalone=rewritten,
        verified=known.id,
        model=VERIFIED,
    )


def joined(chosen: Sequence[Hit], found: Sequence[Hit]) -> tuple[Hit, ...]:
    """Put the passages that staff chose for a related question before those that were found."""
    # A dict keeps the order: a passage that both chose stays where staff have put it.
    together = {hit.segment_id: hit for hit in (*chosen, *found)}
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(tuple(together.values())[:HITS], start=1))


async def _failed(
    question: Question, found: Found, failure: str, texts: tuple[str, str], nearness: Nearness | None
) -> Written:
    """Give what the lecturers said, where no model says anything that may be shown; *texts* are without and with it."""
    alone, before_quotes = texts
    quotes = await quotations(question, found, nearness)
    if not quotes.references:
        return Written(outcome="failed", text=i18n.text(alone, question.reads), failure=failure)
    apology = i18n.text(before_quotes, question.reads)
    return Written(outcome="failed", text=f"{apology}\n\n{quotes.text}", references=quotes.references, failure=failure)


def _passage(number: int, hit: Hit) -> str:
    return f"[{number}] {harmless(hit.title)}, {clock(hit.start_s)} to {clock(hit.end_s)}\n{harmless(hit.text)}"


def harmless(data: str) -> str:
    """
    Return *data* without anything that the model or we would read as a mark or a verdict.

    >>> harmless("o vetor [1, 2] é NO_MATERIAL")
    'o vetor (1, 2) é no material'
    """
    # In lower case it stays readable: a lecture may well speak of such a word.
    without_verdicts = VERDICT.sub(lambda verdict: f"{verdict[1]} {verdict[2]}".lower(), prompts.as_data(data))
    return NUMBER_IN_DATA.sub(r"(\1)", without_verdicts)


def left_s(deadline: float) -> float:
    return max(deadline - asyncio.get_running_loop().time(), 0.0)
