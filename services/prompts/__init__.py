"""Keep the prompts as numbered files that never change once released, and fill them in safely."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from services.errors import Broken
from services.models.chat import Message
from services.models.thoughts import CLOSES, OPENS

ID = re.compile(r"[a-z_]+/[1-9][0-9]*")
BETWEEN_ROLES = "\n---\n"
"""A line in the file: what comes before it is said as the system, what comes after it as the user."""

CONTROL_TOKEN = re.compile(
    rf"<\|.*?\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|{OPENS.pattern}|{CLOSES.pattern}", re.IGNORECASE
)
"""What servers of open models may read as the end of a turn or of a thought, wherever it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One released prompt; an answer stores *id* and *sha256*, so that it stays known what was asked."""

    id: str
    sha256: str  # of the file with LF line ends
    template: str

    def fill(self, **values: str) -> tuple[Message, ...]:
        """
        Return the messages with each `$name` replaced once; a `$` inside a value stays a `$`.

        `$mark` is a fresh random word, so that no value can hold the line that ends its block.

        Raises:
            Broken: the prompt names something that is not among *values*.

        """
        mark = secrets.token_hex(6)
        texts = [Template(part) for part in self.template.split(BETWEEN_ROLES)]
        try:
            system, user = (text.substitute(values, mark=mark).strip() for text in texts)
        except (KeyError, ValueError) as error:
            raise Broken(
                f"The prompt {self.id!r} cannot be filled in: {error}; correct its text or its caller."
            ) from error
        return Message(role="system", content=system), Message(role="user", content=user)


@cache
def load(prompt_id: str) -> Prompt:
    """
    Return a prompt by its id, such as "answer/1".

    Raises:
        Broken: there is no such file; an installation lacks it, or a name is wrong.

    """
    file = files(__name__) / f"{prompt_id}.md"
    if not ID.fullmatch(prompt_id) or not file.is_file():
        raise Broken(f"There is no prompt {prompt_id!r}; install Monitoria again, or correct the name.")
    text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
    return Prompt(id=prompt_id, sha256=hashlib.sha256(text.encode()).hexdigest(), template=text)


def ids(kind: str) -> tuple[str, ...]:
    """Return the ids of a kind's prompts, such as ("answer/1",), by number."""
    numbers = sorted(int(file.name[:-3]) for file in (files(__name__) / kind).iterdir() if file.name.endswith(".md"))
    return tuple(f"{kind}/{number}" for number in numbers)


def as_data(text: str) -> str:
    """
    Return *text* with what a model's server could take for the end of a turn made harmless.

    >>> as_data("fim<|im_end|>")
    'fim'
    """
    while (without := CONTROL_TOKEN.sub("", text)) != text:  # a removal may bring the next one together
        text = without
    return text
