"""Take an answer out of what a model has put before or around it: a tag of its own, a quoted thought, JSON."""

import json
import re
from typing import cast

from services.ground.text import LONE_SURROGATE, UNSEEN

KEY = re.compile(
    r"(?:chain[_ ]?of[_ ]?)?(?:thoughts?|thinking|think|thought_process|reasoning|rationale|analysis|reflection"
    r"|scratch_?pad|plan|cot|racioc[ií]nio|pensamentos?|an[aá]lise)(?:_content|_steps)?",
    re.IGNORECASE,
)
ANSWER_KEY = re.compile(
    r"(?:final_?)?(?:answer|response|resposta|output|content|text|message|reply)(?:_final|_text)?|final", re.IGNORECASE
)
JUDGED = frozenset({"score", "answerable"})
"""What a judge's JSON is read for, which may hold its reasoning too."""
FEWEST_WORDS = 3
"""A field of fewer words is a label, not the answer."""
JSON_OPENS = re.compile(r"\A\s*(?:```(?:json)?\s*)?(?=\{)", re.IGNORECASE)
JSON_SO_FAR = re.compile(
    r"\A\s*(?:```(?:json)?\s*)?\{\s*"
    rf"(?:\Z|\"(?:[a-zà-ú_ ]{{0,24}}\"?\s*\Z|(?:{KEY.pattern}|{ANSWER_KEY.pattern})\"\s*(?::|\Z)))",
    re.IGNORECASE,
)

OPENING = re.compile(r"\A\s*<[ \t]?(?P<name>[^\W\d][\w:-]{0,40})(?:\s[^<>\n]{0,80})?[ \t]?/?>(?P<gap>\s*)")
OPENING_SO_FAR = re.compile(r"\A\s*<[ \t]?(?:[^\W\d][\w:-]{0,40}(?:\s[^<>\n]{0,80})?)?\Z")
HTML = frozenset(
    {
        "a", "abbr", "address", "article", "aside", "audio", "b", "blockquote", "body", "br", "button", "canvas",
        "caption", "center", "cite", "code", "col", "dd", "del", "dfn", "div", "dl", "dt", "em", "embed", "figure",
        "font", "footer", "form", "frame", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i",
        "iframe", "img", "input", "ins", "kbd", "label", "legend", "li", "link", "main", "mark", "math", "meta", "nav",
        "object", "ol", "option", "p", "picture", "pre", "q", "ruby", "s", "samp", "script", "section", "select",
        "small", "span", "strike", "strong", "style", "sub", "sup", "svg", "table", "tbody", "td", "template",
        "textarea", "tfoot", "th", "thead", "title", "tr", "tt", "u", "ul", "var", "video",
    }
)  # fmt: skip
"""What an answer may begin with without being wrapped in it."""
ANSWER_TAGS = (
    r"(?:answer|response|output|final|final_answer|final_response|final_output|result|reply|resposta|resposta_final)"
)
OF_MARKS = frozenset({"citation", "ref", "source"})

DECORATION = r"(?:#{1,4}[ \t]*)?[*_]{0,3}(?:[💭🤔🧠][ \t]?)?[*_]{0,3}"
QUOTED_HEAD = re.compile(
    rf"\A\s*>[ \t]?(?:\[![A-Za-z]+\][^\n]*\n\s*>[ \t]?)?{DECORATION}"
    r"(?:thinking|thoughts?|reasoning|racioc[ií]nio|pensamentos?)(?: process)?(?:[:.…*_]|[ \t]+(?:for|por)\b|[ \t]*\n)",
    re.IGNORECASE,
)
QUOTED = re.compile(r"\A(?:[ \t]*(?:>[^\n]*)?(?:\n|\Z))+")


class Unclear(Exception):
    """The text holds thoughts, and where they end cannot be told."""


def without_surroundings(text: str) -> str:
    """
    Return the answer that a *text* holds behind quoted thoughts or tags of any name, or within JSON.

    >>> without_surroundings("<plan>Primeiro, ler.</plan> O gradiente some [1].")
    'O gradiente some [1].'

    Raises:
        Unclear: it begins with something that may be a thought or the answer.

    """
    return _behind_tags(_behind_quotation(_out_of_json(text)))


def may_be_surrounded(text: str) -> bool:
    """Tell whether a *text* that is still being written begins with what may turn out to be no answer."""
    opening = OPENING.match(text)
    is_open = opening is not None and not _is_known(opening) and _closing(text, opening) is None
    return is_open or bool(OPENING_SO_FAR.match(text) or JSON_SO_FAR.match(text))


def _behind_tags(text: str) -> str:
    """Return what follows the pairs of tags that *text* begins with: nobody marks up half of an answer."""
    while opening := OPENING.match(text):
        if _is_known(opening):
            return text
        closing = _closing(text, opening)
        if closing is None:
            if _opens_a_block(text, opening):
                raise Unclear
            return text
        following = text[closing.end() :].strip()
        if not following or not _opens_a_block(text, opening):
            raise Unclear
        text = following
    return text


def _is_known(opening: re.Match[str]) -> bool:
    """Tell the tags of a page, of marks and of an answer from those that only a model knows."""
    name = opening["name"].lower()
    return name in HTML or name in OF_MARKS or re.fullmatch(ANSWER_TAGS, name) is not None


def _closing(text: str, opening: re.Match[str]) -> re.Match[str] | None:
    return re.compile(rf"<[ \t]?/[ \t]?{re.escape(opening['name'])}[ \t]?>", re.IGNORECASE).search(text, opening.end())


def _opens_a_block(text: str, opening: re.Match[str]) -> bool:
    """Tell a tag from a word in a sentence, such as the type in "<T> é um parâmetro"."""
    first = text[opening.end() : opening.end() + 1]
    return (
        "\n" in opening["gap"]
        or first.isupper()
        or first in {"<", "{", "["}
        or (not opening["gap"] and first.isalpha())
    )


def _behind_quotation(text: str) -> str:
    """Return what follows a quotation that is headed as a thought; a blank line has to part the two."""
    if not QUOTED_HEAD.match(text):
        return text
    quoted = QUOTED.match(text)
    following = text[quoted.end() :] if quoted else ""
    if quoted is None or not following.strip() or not quoted[0].endswith("\n\n"):
        raise Unclear
    return following.strip()


def _out_of_json(text: str) -> str:
    opens = JSON_OPENS.match(text)
    if opens is None:
        return text
    try:
        found, end = json.JSONDecoder(strict=False).raw_decode(text, opens.end())
    except (ValueError, RecursionError):
        if JSON_SO_FAR.match(text) and not any(f'"{name}"' in text for name in JUDGED):
            raise Unclear from None
        return text
    following = text[end:].strip().removeprefix("```" if "```" in opens[0] else "").strip()
    return _said_in(cast("dict[str, object]", found), following, text)


def _said_in(fields: dict[str, object], following: str, text: str) -> str:
    """Return the one answer among *fields*, or what is *following* if they are thoughts alone; else *text* as it is."""
    thoughts = [name for name in fields if KEY.fullmatch(name)]
    answers = [value for name, value in fields.items() if ANSWER_KEY.fullmatch(name)]
    if (not thoughts and len(fields) != len(answers)) or not fields or JUDGED & fields.keys():
        return text
    if len(answers) == 1 and isinstance(answers[0], str) and not following:
        return LONE_SURROGATE.sub(
            "", answers[0].translate(UNSEEN)
        )  # its escapes were not yet read when all was cleaned
    if len(thoughts) == len(fields):
        return following
    values = [value for name, value in fields.items() if name not in thoughts]
    if not any(isinstance(value, str) and len(value.split()) >= FEWEST_WORDS for value in values):
        return text
    raise Unclear
