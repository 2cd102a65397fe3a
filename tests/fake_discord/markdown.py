"""Read a message's text as Discord's clients do, as far as that decides what is code, a link or a mention."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

INSIDE = r"(?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*"
RULES: dict[str, re.Pattern[str]] = {
    "fence": re.compile(r"```(?:[\w+\-.#]+?\n)?\n*(?P<text>[^\n].*?)\n*```", re.DOTALL),
    "code": re.compile(r"(?P<ticks>`+)(?P<text>.*?[^`])(?P=ticks)(?!`)", re.DOTALL),
    "escape": re.compile(r"\\(?P<text>[^0-9A-Za-z\s])"),
    "auto": re.compile(r"<(?P<url>[^: >]+:/[^ >]+)>"),
    "link": re.compile(
        rf"\[(?P<text>{INSIDE})\]\(\s*<?(?P<url>(?:\([^)]*\)|[^\s\\]|\\.)*?)>?(?:\s+['\"].*?['\"])?\s*\)", re.DOTALL
    ),
    "bare": re.compile(r"(?P<url>https?://[^\s<]+[^<.,:;\"')\]\s])"),
    "mention": re.compile(r"(?P<text><(?:@[!&]?|#)\d+>|@everyone|@here)"),
    "under": re.compile(r"__(?P<text>(?:\\.|[^\\])+?)__(?!_)", re.DOTALL),
    "strong": re.compile(r"\*\*(?P<text>(?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL),
    "emphasis": re.compile(
        r"_(?P<text>(?:__|\\.|[^\\_])+?)_\b|\*(?=\S)(?P<starred>(?:\*\*|\s+(?:[^*\s]|\*\*)|[^\s*])+?)\*(?!\*)"
    ),
    "struck": re.compile(r"~~(?P<text>.+?)~~(?!_)", re.DOTALL),
}
"""Those of simple-markdown (github.com/Khan/perseus), from which Discord's are made, in the order of their trial."""
PLAIN = re.compile(r".+?(?=[^0-9A-Za-z\s\u00c0-\uffff]|\n|\w+:\S|\Z)", re.DOTALL)
"""What is taken as it is: up to the next sign, and no less than one character."""
WEB = re.compile(r"(?:https?|discord)://[^\s/]+", re.IGNORECASE)
NESTED = {"under", "strong", "emphasis", "struck"}


@dataclass
class Seen:
    """What somebody sees of a text, and what they can press in it."""

    words: str = ""
    code: list[str] = field(default_factory=list[str])
    links: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # words and address
    bare: list[str] = field(default_factory=list[str])  # addresses that stand there as they are, with a preview
    mentions: list[str] = field(default_factory=list[str])


def seen(text: str) -> Seen:
    """Read a message's text. Escapes hold outside of links alone: discord/discord-api-docs issue 6185."""
    found = Seen()
    _read(text, found)
    return found


def _read(text: str, found: Seen) -> None:
    at = 0
    while at < len(text):
        name, match = _next(text, at)
        if name in NESTED:
            _read(match.group("text") or match.groupdict().get("starred") or "", found)
        else:
            TAKEN.get(name, _as_it_is)(match, found)
        at = match.end()


def _next(text: str, at: int) -> tuple[str, re.Match[str]]:
    for name, rule in RULES.items():
        match = rule.match(text, at)
        if match and _is_real(name, match):
            return name, match
    plain = PLAIN.match(text, at)
    assert plain, "each text begins with something"
    return "plain", plain


def _is_real(name: str, match: re.Match[str]) -> bool:
    return name != "link" or (bool(WEB.match(match["url"])) and not WEB.search(match["text"]))


def _as_it_is(match: re.Match[str], found: Seen) -> None:
    found.words += match[0]


def _code(match: re.Match[str], found: Seen) -> None:
    found.code.append(match["text"])
    found.words += match["text"]


def _escape(match: re.Match[str], found: Seen) -> None:
    found.words += match["text"]


def _link(match: re.Match[str], found: Seen) -> None:
    found.links.append((match["text"], match["url"]))
    found.words += match["text"]


def _bare(match: re.Match[str], found: Seen) -> None:
    found.bare.append(match["url"])
    found.words += match["url"]


def _mention(match: re.Match[str], found: Seen) -> None:
    found.mentions.append(match["text"])
    found.words += match["text"]


TAKEN: dict[str, Callable[[re.Match[str], Seen], None]] = {
    "fence": _code,
    "code": _code,
    "escape": _escape,
    "auto": _bare,
    "bare": _bare,
    "link": _link,
    "mention": _mention,
}
