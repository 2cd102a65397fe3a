"""Ask the judge's model, and make of its text a verdict or a status, never a guess."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from db.records import JudgementStatus, ModelCall
from services import prompts
from services.judging import tasks
from services.judging.examples import Lesson
from services.judging.reading import NoVerdict
from services.judging.tasks import Asking, Task
from services.judging.verdicts import Case, Verdict
from services.models.chat import ChatModel, Message
from services.models.troubles import ModelUnavailable, Trouble

CHARACTERS_A_TOKEN = 3
"""Rather few, so that a reservation is rather high: English has about 4, Portuguese 3.5 (OpenAI's cl100k_base)."""
REPLY_TOKENS = 600
"""What a reply may cost, thoughts aside."""
AGAIN = (
    "That could not be read: {problem}. Write it again in the shape that was asked for, and nothing before or after it."
)

Shape = Literal["json_schema", "json_object", "template"]
# From the shape that binds a reply most to the one that every server takes.
SIMPLER: Mapping[Shape, Shape] = {"json_schema": "json_object", "json_object": "template"}
REFUSED: frozenset[Trouble | None] = frozenset({"request", "temperature"})
"""Trouble that a request for less may mend."""

STATUSES: dict[Trouble, JudgementStatus] = {
    "timeout": "timeout",
    "unreachable": "transport_error",
    "key": "auth_error",
    "unknown_model": "transport_error",
    "quota": "transport_error",
    "busy": "transport_error",
    "fault": "transport_error",
    "request": "transport_error",
    "temperature": "transport_error",
    "not_completion": "transport_error",
    "empty": "empty",
    "truncated": "truncated",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "too_long": "truncated",
}
PASSING: frozenset[JudgementStatus] = frozenset({"transport_error", "timeout", "auth_error"})
"""Statuses that another try may mend."""


Spend = Callable[[int], Awaitable[bool]]
"""Reserves tokens before a call; False: the budget has none left."""


async def unlimited(_: int) -> bool:
    """Reserve nothing: an evaluation is asked for by hand, and no course's budget stands in its way."""
    return True


def counted(calls: Iterable[ModelCall]) -> int:
    """Return what calls cost in tokens, as far as their servers counted."""
    return sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in calls)


NOTHING_LEFT = "Nothing is left of the answer without the sentences that speak to the judge."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the judge says of one answer, and the calls that it took."""

    status: JudgementStatus
    verdict: Verdict
    calls: tuple[ModelCall, ...] = ()
    swayed: bool = False  # the answer tried to sway the judge
    trouble: Trouble | None = None  # of the last call
    retry_after_s: float | None = None
    detail: str | None = None  # for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a reply is asked for."""

    shape: Shape = "json_schema"
    temperature: float | None = 0  # None: the model's own, for some refuse any other

    def simpler(self, trouble: Trouble | None) -> "Manner | None":
        """Return how to ask where a server refuses this, or None where nothing is left to ask less of."""
        if trouble == "temperature" and self.temperature is not None:
            return replace(self, temperature=None)
        if trouble in REFUSED and self.shape in SIMPLER:
            return replace(self, shape=SIMPLER[self.shape])
        return None


class Judge:
    """Judges answers with one model; it remembers which shapes of reply, and whether any temperature, are refused."""

    def __init__(self, model: ChatModel, *, time_limit_s: float, is_another: bool = False) -> None:
        """*is_another*: another model than the first judge's, whose second opinion needs no other question."""
        self.name = model.name
        self._model = model
        self._limit_s = time_limit_s
        self._is_another = is_another
        self._manner = Manner()

    async def judge(self, kind: Asking, case: Case, spend: Spend, lesson: Lesson | None = None) -> Opinion:
        """
        Judge one answer, within the judge's limit of wall-clock time for all calls together.

        For relevance, rules and examples of *lesson* are shown beside it, never an example of its own question. For a
        second opinion the first judge's model is asked the other way round; another one is asked just the same, so that
        where they differ it is the models that do.

        Where a text tries to sway the judge of a score, it is judged twice, the second time without those sentences;
        the lower score stands. What the model or its server does wrong is no error here: it is the opinion's status.
        """
        deadline = asyncio.get_running_loop().time() + self._limit_s
        if kind == "second" and self._is_another:
            kind = "relevance"
        first = await self._asked(await _task(kind, case, lesson), deadline, spend)
        if not tasks.tries_to_sway(kind, case):
            return first
        plain = tasks.without_sway(kind, case)
        if first.verdict.score is None:
            return replace(first, swayed=True)
        if plain is None:
            return replace(first, swayed=True, verdict=replace(first.verdict, score=0, evidence=NOTHING_LEFT))
        return _lower(first, await self._asked(await _task(kind, plain, lesson), deadline, spend))

    async def ask(self, task: Task, spend: Spend) -> Opinion:
        """Put one task to the model, within the judge's limit; what goes wrong is the opinion's status."""
        return await self._asked(task, asyncio.get_running_loop().time() + self._limit_s, spend)

    async def _asked(self, task: Task, deadline: float, spend: Spend) -> Opinion:
        """Ask, and once more where the reply cannot be read."""
        messages = prompts.load(task.prompt_id).fill(**task.values)
        first = await self._reply(task, messages, deadline, spend, self._manner)
        if first.problem is None:
            return first.opinion
        again = (
            *messages,
            Message(role="assistant", content=first.text or "(nothing)"),
            Message(role="user", content=AGAIN.format(problem=first.problem)),
        )
        second = (await self._reply(task, again, deadline, spend, self._manner)).opinion
        calls = (*first.opinion.calls, *second.calls)
        if second.status == "ok":
            return replace(second, status="recovered", calls=calls)
        # Trouble with the second call says less than what was wrong with the first text.
        kept = first.opinion if second.status in {*PASSING, "budget_skipped"} else second
        return replace(kept, calls=calls)

    async def _reply(
        self, task: Task, messages: Sequence[Message], deadline: float, spend: Spend, manner: Manner
    ) -> "_Reply":
        """Call the model, in a simpler manner too where its server refuses the request."""
        if not await spend(_tokens(messages)):
            return _Reply(opinion=Opinion(status="budget_skipped", verdict=Verdict()))
        reply = await self._call(task, messages, manner, deadline)
        if reply.opinion.trouble not in REFUSED:
            self._manner = manner
        elif simpler := manner.simpler(reply.opinion.trouble):
            later = await self._reply(task, messages, deadline, spend, simpler)
            return replace(later, opinion=replace(later.opinion, calls=(*reply.opinion.calls, *later.opinion.calls)))
        return reply

    async def _call(self, task: Task, messages: Sequence[Message], manner: Manner, deadline: float) -> "_Reply":
        prompt = prompts.load(task.prompt_id)
        began = time.monotonic()
        completion = error = None
        try:
            completion = await self._model.complete(
                messages,
                time_limit_s=max(deadline - asyncio.get_running_loop().time(), 0.0),
                temperature=manner.temperature,
                response_format=_response_format(manner.shape, task),
            )
            reply = _read(task, completion.text)
        except ModelUnavailable as problem:
            error = problem
            reply = _unavailable(error)
        call = ModelCall(
            model_asked=self.name,
            model=completion and completion.model,
            prompt_id=prompt.id,
            prompt_sha256=prompt.sha256,
            parameters=_parameters(manner, messages),
            output=completion.raw if completion else error and error.said,
            tokens_in=completion and completion.tokens_in,
            tokens_out=completion and completion.tokens_out,
            latency_ms=round((time.monotonic() - began) * 1000),
            status=reply.opinion.status,
            detail=reply.opinion.detail,
        )
        return replace(reply, opinion=replace(reply.opinion, calls=(call,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What came of one question to the model."""

    opinion: Opinion
    text: str = ""
    problem: str | None = None  # that another question may mend


async def _task(kind: Asking, case: Case, lesson: Lesson | None) -> Task:
    if kind == "context":
        # Ten passages to be cut take some 30 ms.
        return await asyncio.to_thread(tasks.task, kind, case, lesson)
    return tasks.task(kind, case, lesson)


def _read(task: Task, text: str) -> _Reply:
    try:
        return _Reply(opinion=Opinion(status="ok", verdict=task.read(text)), text=text)
    except NoVerdict as error:
        opinion = Opinion(status=error.status, verdict=Verdict(), detail=f"The judge's reply: {error}.")
        return _Reply(opinion=opinion, text=text, problem=str(error))


def _unavailable(error: ModelUnavailable) -> _Reply:
    opinion = Opinion(
        status=STATUSES[error.trouble],
        verdict=Verdict(),
        trouble=error.trouble,
        retry_after_s=error.retry_after_s,
        detail=str(error),
    )
    return _Reply(opinion=opinion, problem="there was no text" if error.trouble == "empty" else None)


def _lower(first: Opinion, second: Opinion) -> Opinion:
    """Return the opinion with the lower score; without a second score there is none at all."""
    calls = (*first.calls, *second.calls)
    if second.verdict.score is None or first.verdict.score is None:
        return replace(second, calls=calls, swayed=True)
    lower = min(first, second, key=lambda opinion: opinion.verdict.score or 0)
    return replace(lower, calls=calls, swayed=True)


def _response_format(shape: Shape, task: Task) -> dict[str, Any] | None:
    if shape == "json_schema":
        name = task.prompt_id.split("/")[0]
        # Strict: then the server lets the model write nothing beside the schema.
        return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": task.schema}}
    return {"type": "json_object"} if shape == "json_object" else None


def _parameters(manner: Manner, messages: Sequence[Message]) -> dict[str, object]:
    """Return what is kept of how a call was made: a temperature only where one was sent."""
    sent = {} if manner.temperature is None else {"temperature": manner.temperature}
    return {**sent, "shape": manner.shape, "turns": len(messages)}


def _tokens(messages: Sequence[Message]) -> int:
    """Estimate rather high what a call will cost."""
    return math.ceil(sum(len(message.content) for message in messages) / CHARACTERS_A_TOKEN) + REPLY_TOKENS
