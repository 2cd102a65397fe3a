"""Tell what a server refuses, from the many ways in which servers say so, and what it may take instead."""

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import openai

ANSWER_TOKENS = 4_096
"""Asked for only where a server takes no request without a limit."""
FILTER_WORDS = re.compile(
    r"content[_ ]?filter|content[_ ]management[_ ]policy|responsibleaipolicyviolation|content[_ ]?policy[_ ]?violation"
    r"|data_?inspection_?failed|content exists risk|prohibited_content|violating our usage policy|requires moderation"
    r"|prompt_blocked|inappropriate content|敏感",
    re.IGNORECASE,
)
"""What filters write that refuse a prompt: of Azure, LiteLLM, DashScope, DeepSeek, Gemini, OpenRouter, Zhipu."""
ROLE_WORDS = re.compile(
    r"system|\broles?\b|developer instruction|chat template|jinja|raise_exception|template ?error", re.IGNORECASE
)
LIMIT_WORDS = re.compile(r"\bmax_(?:completion_)?tokens\b", re.IGNORECASE)
CONTEXT_WORDS = re.compile(
    r"context[_ ](?:length|size|window)|exceed_context|maximum context|too many tokens|prompt is too long|n_ctx"
    r"|input (?:length|tokens?) exceed|max_model_len|requested tokens exceed",
    re.IGNORECASE,
)

Part = Literal["system", "counting", "limit"]
"""What a server may refuse: the system's role, to count tokens, a request without a limit or with its newer name."""


def wait_asked_s(error: "openai.APIStatusError") -> float | None:
    """In how many seconds the server wants to be asked again: it names them, also in thousandths, or a date."""
    headers = error.response.headers
    waits = [_wait_s(headers.get("retry-after", ""), headers.get("date", ""))]
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):  # Azure's, where the seconds may be rounded to 0
        thousandths = _wait_s(headers.get(name, ""), "")
        waits.append(None if thousandths is None else thousandths / 1000)
    return max((wait for wait in waits if wait is not None), default=None)


def refused_part(refusal: "openai.APIStatusError", before: tuple[Part, ...]) -> Part | None:
    """Tell without which part a server may answer that refuses a request, or None where it is not about one."""
    said = said_by(refusal)
    if refusal.status_code not in {400, 422, 500} or is_filtered(refusal) or is_about_temperature(refusal):
        return None
    # The surest sign first: a refusal may quote the whole request, roles and all.
    if "counting" not in before and "stream_options" in said:
        return "counting"
    if LIMIT_WORDS.search(said) and not CONTEXT_WORDS.search(said) and before.count("limit") < 2:
        return "limit"
    if "system" not in before and ROLE_WORDS.search(said) and "response_format" not in said:
        return "system"
    return None


def limit_for(refused: tuple[Part, ...]) -> dict[str, int] | None:
    """Return what to send where a server wants a limit: by its new name, and by its old one where that is refused."""
    names = {0: None, 1: "max_completion_tokens", 2: "max_tokens"}
    name = names[refused.count("limit")]
    return {name: ANSWER_TOKENS} if name else None


def is_filtered(refusal: "openai.APIStatusError") -> bool:
    return refusal.status_code in {400, 403, 422, 451} and bool(FILTER_WORDS.search(said_by(refusal)))


def said_by(refusal: "openai.APIStatusError") -> str:
    """Return what a refusal says, as it was sent and as it reads: JSON may hide its letters."""
    return f"{refusal.response.text} {refusal.body}"


def _wait_s(retry_after: str, date: str) -> float | None:
    """
    Read a Retry-After header (RFC 9110, 10.2.3): seconds, or a date, which is compared with the server's *date*.

    >>> _wait_s("3", "")
    3.0
    >>> _wait_s("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT")
    30.0
    """
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", retry_after):
        return float(retry_after)
    until, now = _instant(retry_after), _instant(date)
    if until is None:
        return None
    return max((until - (now or datetime.fromtimestamp(time.time(), UTC))).total_seconds(), 0.0)


def _instant(header: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(header)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def is_about_temperature(refusal: "openai.APIStatusError") -> bool:
    """
    Tell whether a server refuses the temperature: by the parameter that it names, else by its words.

    Words that name `response_format` too may list all that was sent, so they say nothing of the temperature. Some
    proxies write a parameter "None" (https://github.com/BerriAI/litellm).
    """
    is_named = isinstance(refusal.param, str) and refusal.param not in {"", "None"}
    about = str(refusal.param if is_named else refusal.response.text).lower()
    return "temperature" in about and "response_format" not in about
