"""Say in a sentence for its operator what was wrong with a language model or its server."""

from typing import TYPE_CHECKING, Literal

from services.errors import Unavailable
from services.models.llm import LlmConfig
from services.models.refusals import CONTEXT_WORDS, FILTER_WORDS, is_about_temperature, is_filtered, said_by

if TYPE_CHECKING:
    import openai

Trouble = Literal[
    "timeout",
    "unreachable",
    "key",
    "unknown_model",
    "quota",
    "busy",
    "fault",
    "request",
    "temperature",
    "not_completion",
    "empty",
    "truncated",
    "content_filter",
    "refusal",
    "too_long",
]
"""
What was wrong: `busy` is "too many requests", `fault` the server's own, `request` that it refuses what was sent, and
`temperature` that it says which part.
"""
EVERYBODYS: frozenset[Trouble] = frozenset({"key", "unknown_model", "quota", "unreachable", "busy"})
"""Trouble that the next request would meet as well."""


class ModelUnavailable(Unavailable):
    """The language model gave no usable text."""

    def __init__(self, sentence: str, trouble: Trouble, *, retry_after_s: float | None = None, said: str = "") -> None:
        super().__init__(sentence)
        self.trouble: Trouble = trouble
        self.retry_after_s = retry_after_s  # as the server asks
        self.said = said  # what the model wrote nevertheless; of no use but as evidence


def reported(said: str) -> tuple[Trouble, str]:
    """Tell what is wrong where an error comes in place of a text that was accepted."""
    if FILTER_WORDS.search(said):
        return "content_filter", FILTER_SENTENCE
    return "fault", "reported an error in the middle of its text; see its server's log"


def trouble_of(error: "openai.APIStatusError") -> Trouble:
    """Tell whose trouble an HTTP status is."""
    status = error.status_code
    # Before the status: filters answer with 400, 403 or 422, each of which means something else otherwise.
    if is_filtered(error):
        return "content_filter"
    if status == 402 or (status == 429 and "insufficient_quota" in f"{error.code} {error.body}"):
        return "quota"
    named: dict[int, Trouble] = {401: "key", 403: "key", 404: "unknown_model", 429: "busy"}
    if status in named:
        return named[status]
    if status in {400, 422} and is_about_temperature(error):
        return "temperature"
    # A redirect leads to another address: everything asked there would meet the same.
    return "fault" if status >= 500 else "unknown_model" if status < 400 else "request"


FILTER_SENTENCE = (
    "has a content filter that refused the prompt; relax the filter where it is set, or take another model"
)


def reason_of(error: "openai.APIStatusError", trouble: Trouble, config: LlmConfig) -> str:
    status = error.status_code
    if trouble == "content_filter":
        return f"{FILTER_SENTENCE} (HTTP {status})"
    if CONTEXT_WORDS.search(said_by(error)) and status in {400, 413, 422, 500}:
        return f"has too short a context for ten passages, about 8,000 tokens; raise it in its server (HTTP {status})"
    if trouble == "temperature":
        return f"refuses the temperature that it was asked with (HTTP {status})"
    if 300 <= status < 400:
        return f"sends the request on to another address; if that one is right, write it in {config.address_from}"
    reasons = {
        400: "refuses the request; perhaps its context is too short for ten passages",
        401: f"refuses the key; correct {config.key_from}",
        403: f"refuses the key for this model; correct {config.key_from}, or its rights",
        404: f"is not known there; correct {config.model_from}, or {config.address_from} (most end in /v1)",
        413: "refuses the request as too long; take a model or a server with a longer context",
        422: "refuses the request; see its server's log",
        429: "gets too many requests or has no credit left; wait, or raise the quota",
    }
    fault = "has a fault of its own; see its server's log" if status >= 500 else "refuses the request"
    return f"{reasons.get(status, fault)} (HTTP {status})"
