"""Read an answer's text into prose, code and formulas, of which only prose holds marks, links and mentions."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["prose", "code", "fence", "inline", "display"]
"""`code` stands within a line, `fence` is a block; `inline` and `display` are formulas."""
FORMULAS: frozenset[Kind] = frozenset({"inline", "display"})
CODES: frozenset[Kind] = frozenset({"code", "fence"})
MASK = "\ue000"
"""Stands for each character that is not prose while we search: it stays as it is, and nothing in it can be clicked."""

CODE = re.compile(r"```.*?(?:```|\Z)|``.+?``|`[^`\n]+`", re.DOTALL)
LANGUAGE = re.compile(r"```([\w+#.-]*)[ \t]*\n")
"""Discord's own rule: the word after the fence is a language only where the line ends after it."""
ENVIRONMENT = r"(?:equation|align|gather|multline|eqnarray)\*?|aligned|gathered|split|cases|array|[pbBvV]?matrix"
OPENING = re.compile(rf"`|\\[\\$]|\\\(|\\\[|\\begin\{{(?P<environment>{ENVIRONMENT})\}}|\$\$|\$")
BLANK_LINE = re.compile(r"\n[ \t]*\n")
DOLLAR = re.compile(r"(?<!\\)\$")
ESCAPED_MARKS = re.compile(r"[0-9\s,;–-]+")
RAISED_MARKS = re.compile(r"\^\{?\[[0-9,;\s–-]+\]\}?")
"""`\\[2\\]` and `$^{[2]}$`: marks, as some models write them."""
WORDED = re.compile(r"\\(?:text\w*|mathrm|mathsf|operatorname|mbox|tag)\*?\s*\{[^{}]*\}")
SENTENCE = re.compile(r"(?<![\\\w])[^\W\d_]{2,}[ ,;]+(?<!\\)[^\W\d_]{2,}(?![\w{(])")
MATHEMATICAL = frozenset("=+*/^_\\<>≤≥{}()[]-|!")
"""Without one of these, what begins with a digit and has a space in it is two prices: `$5 e 7$`."""
UNFINISHED = re.compile(r"[=+,;:(\[{.&/-]\Z")
"""No formula ends so; `$(a)+$(b)` and `$a.$b` are programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stretch of a text; all of them together are the text."""

    kind: Kind
    start: int
    end: int
    inside: str = ""  # code or LaTeX without what delimits it
    language: str = ""  # of a block of code
    is_open: bool = False  # the text ends before it does


@lru_cache(maxsize=64)
def read(text: str, *, is_whole: bool = True) -> tuple[Part, ...]:
    r"""
    Return the parts of *text*, in order and without gaps, in time that grows with its length alone.

    A formula is `$…$` on one line, or `$$…$$`, `\(…\)`, `\[…\]` or an environment of LaTeX without a blank line in it.
    Prices, variables of a shell and marks in brackets are prose. Of a text that is still being written (*is_whole* is
    false), the last part is open where it may yet become one.

    >>> [part.kind for part in read("Custa R$ 5, e $x^2$ em `f`.")]
    ['prose', 'inline', 'prose', 'code', 'prose']
    """
    parts, at = list[Part](), 0
    for part in _found(text, is_whole=is_whole):
        if part.start > at:
            parts.append(Part(kind="prose", start=at, end=part.start))
        parts.append(part)
        at = part.end
    if at < len(text):
        parts.append(Part(kind="prose", start=at, end=len(text)))
    return tuple(parts)


def masked(text: str, kinds: Collection[Kind] = CODES | FORMULAS) -> str:
    """Return *text*, as long as it is, with the parts of these *kinds* hidden."""
    return "".join(
        MASK * (part.end - part.start) if part.kind in kinds else text[part.start : part.end] for part in read(text)
    )


def beginning(text: str, most: int) -> str:
    """Return at most *most* characters, with no code or formula cut."""
    cut = next((part.start for part in read(text) if part.kind != "prose" and part.start < most < part.end), most)
    return text[:cut]


def without_formulas(text: str) -> str:
    """Return *text*, as long as it is, with spaces for its formulas and blocks of code: the words that are left."""
    return "".join(
        " " * (part.end - part.start) if part.kind in FORMULAS or part.kind == "fence" else text[part.start : part.end]
        for part in read(text)
    )


def code_masked(text: str) -> str:
    """Return *text*, as long as it is, with its code hidden, and nothing else: so does Discord read it."""
    return CODE.sub(lambda code: MASK * len(code[0]), text)


def _found(text: str, *, is_whole: bool) -> Iterator[Part]:
    """Yield the parts that are not prose."""
    ahead = _Ahead(text)
    at = 0
    while opening := OPENING.search(text, at):
        found = _part(text, opening, ahead, is_whole=is_whole)
        if found:
            yield found
        at = found.end if found else opening.end()


class _Ahead:
    """Finds what comes next; each kind of thing is looked for once, however often it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[re.Pattern[str] | str, int] = {}

    def at(self, wanted: re.Pattern[str] | str, since: int) -> int:
        """Return where *wanted* begins, at *since* or later; the end of the text where it does not come."""
        known = self._next.get(wanted, -1)
        if known < since:
            known = self._look(wanted, since)
            self._next[wanted] = known
        return known

    def _look(self, wanted: re.Pattern[str] | str, since: int) -> int:
        if isinstance(wanted, str):
            found = self._text.find(wanted, since)
            return found if found >= 0 else len(self._text)
        match = wanted.search(self._text, since)
        return match.start() if match else len(self._text)


def _part(text: str, opening: re.Match[str], ahead: _Ahead, *, is_whole: bool) -> Part | None:
    """Return the code or formula that begins at *opening*, if one does."""
    match opening[0]:
        case "`":
            return _code(text, opening.start(), ahead, is_whole=is_whole)
        case "$":
            return _inline(text, opening.start(), ahead, is_whole=is_whole)
        case "$$":
            return _delimited(text, opening, "$$", ahead, "display", is_whole=is_whole)
        case "\\(":
            return _delimited(text, opening, "\\)", ahead, "inline", is_whole=is_whole)
        case "\\[":
            return _delimited(text, opening, "\\]", ahead, "display", is_whole=is_whole)
        case _ if opening["environment"]:
            close = f"\\end{{{opening['environment']}}}"
            return _delimited(text, opening, close, ahead, "display", is_whole=is_whole)
        case _:
            return None


def _code(text: str, start: int, ahead: _Ahead, *, is_whole: bool) -> Part | None:
    code = CODE.match(text, start)
    if code is None:
        may_come = not is_whole and ahead.at("\n", start) == len(text)
        return Part(kind="code", start=start, end=len(text), is_open=True) if may_come else None
    if not code[0].startswith("```"):
        width = 2 if code[0].startswith("``") else 1
        return Part(kind="code", start=start, end=code.end(), inside=code[0][width:-width])
    language = LANGUAGE.match(code[0])
    is_open = len(code[0]) < len("``````") or not code[0].endswith("```")
    inside = code[0][language.end() if language else 3 : len(code[0]) if is_open else -3]
    return Part(
        kind="fence",
        start=start,
        end=code.end(),
        inside=inside,
        language=language[1] if language else "",
        is_open=is_open,
    )


def _delimited(
    text: str, opening: re.Match[str], close: str, ahead: _Ahead, kind: Kind, *, is_whole: bool
) -> Part | None:
    """Return the formula up to *close*, unless a blank line comes first."""
    is_environment = opening["environment"] is not None
    start, begins = opening.span()
    ends, blank = ahead.at(close, begins), ahead.at(BLANK_LINE, begins)
    if blank < ends:
        return None
    if ends == len(text):
        return None if is_whole else Part(kind=kind, start=start, end=len(text), is_open=True)
    inside, end = text[begins:ends], ends + len(close)
    if not inside.strip() or (close == "\\]" and ESCAPED_MARKS.fullmatch(inside)):
        return None
    return Part(kind=kind, start=start, end=end, inside=(text[start:end] if is_environment else inside).strip())


def _inline(text: str, start: int, ahead: _Ahead, *, is_whole: bool) -> Part | None:
    """Return the formula between two single dollars on one line, by rules that leave prices and shells alone."""
    begins = start + 1
    following = text[begins : begins + 1]
    if not following and not is_whole:
        return Part(kind="inline", start=start, end=len(text), is_open=True)
    if following.isspace() or not following or (_is_glued(text, start) and following not in "\\^_"):
        return None
    ends, line_end = ahead.at(DOLLAR, begins), ahead.at("\n", begins)
    if line_end < ends:
        return None
    inside = text[begins:ends]
    if ends == len(text):
        may_come = not is_whole and not _is_prose(inside)
        return Part(kind="inline", start=start, end=len(text), is_open=True) if may_come else None
    after = text[ends + 1 : ends + 2]
    ends_well = not inside[-1].isspace() and after != "{" and (not after.isalnum() or "\\" in inside)
    if not ends_well or _is_prose(inside) or UNFINISHED.search(inside):
        return None
    return Part(kind="inline", start=start, end=ends + 1, inside=inside.strip())


def _is_glued(text: str, at: int) -> bool:
    """Tell whether a letter or digit touches the dollar from before: `R$5`, `US$5`, `5$`."""
    return at > 0 and text[at - 1].isalnum()


def _is_prose(inside: str) -> bool:
    """Tell what stands between two dollars by chance from a formula."""
    if RAISED_MARKS.fullmatch(inside):
        return True
    if inside[0].isdigit() and " " in inside and MATHEMATICAL.isdisjoint(inside):
        return True
    return bool(SENTENCE.search(WORDED.sub(" ", inside)))


Masking = Callable[[str], str]


def replaced(
    text: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str], hidden: Masking = masked
) -> str:
    """Do what `re.sub` does, in prose alone; the matches see each other part as a run of `MASK`."""
    pieces, at = list[str](), 0
    for match in pattern.finditer(hidden(text)):
        pieces += [text[at : match.start()], replacement(match)]
        at = match.end()
    return "".join([*pieces, text[at:]])
