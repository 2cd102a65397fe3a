"""Clean the text of one cue of markup, entities, sound marks and characters that a database refuses."""

import html
import re
import unicodedata
from dataclasses import dataclass

from services.ground.text import LONE_SURROGATE, UNSEEN

TAG_NAMES = "i|b|u|s|c|v|em|strong|font|span|lang|ruby|rt|rp|rb|strike|br|p|div|tt|sub|sup|big|small"
TAG = re.compile(rf"</?(?:{TAG_NAMES})(?:[.\s/][^<>]*)?>|<[0-9][0-9:.]*>", re.IGNORECASE)
BREAK = re.compile(r"</?(?:br|p|div)(?:[\s/][^<>]*)?>", re.IGNORECASE)
OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # `{\an8}`: an ASS habit that SRT files share
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
BRACKETED = re.compile(r" ?[\[(（［]([^\[\]()（）［］]{1,60})[\])）］](?: ?(?=[,.;:!?…]))?")
NOTES = re.compile("[♩♪♫♬]+")
STOPS = frozenset(",.;:!?…")

SOUND = re.compile(
    r"music|música|musica|musik|musique|음악|音楽|音乐|applau\w*|aplauso|aplausos|beifall|palmas|박수|laugh\w*"
    r"|chuckl\w*|risos?|risadas?|risas?|rires?|gelächter|lachen|lacht|웃음|cheering|cheers|clapping|coughs?"
    r"|coughing|tosse|tos|sighs?|suspir\w*|whoosh\w*|silence|silêncio|silencio|stille|inaudible|inaudível"
    r"|unintelligible|ininteligível|ininteligible|crosstalk"
)
COMPANION = re.compile(
    r"play\w*|soft|upbeat|background|intro|outro|theme|ends|fades|in|out|of|the|a|de|da|do|das|dos|e|y|and|en|la|el"
    r"|fundo|fondo|suave|air|logo|audience|plateia|público|publico|students?|speaker|speaking|comment|question"
    r"|both|all|todos|people"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A cue's words, "" when it has none, and whether a sound mark was taken out."""

    words: str
    had_sound: bool


def cleaned(raw: str) -> Cleaned:
    """
    Return *raw* as one line of plain words in NFC.

    Only markup that captions use is taken for tags, so `vector<int>` and `a < b` keep their signs. A text
    without a single letter or digit has no words.
    """
    plain = " ".join(unicodedata.normalize("NFC", _unmarked(raw)).split())
    silent = " ".join(NOTES.sub(" ", BRACKETED.sub(_without_sound, plain)).split())
    words = silent if any(char.isalnum() for char in silent) else ""
    return Cleaned(words=words, had_sound=silent != plain)


def _unmarked(raw: str) -> str:
    """Tags go before entities are read, and again after: some exporters escape their tags, even twice."""
    text = raw
    for _ in range(4):
        before = text
        text = _visible(text)  # first: an unseen character inside a tag would hide it
        text = ENTITY.sub(_unescaped, TAG.sub("", BREAK.sub("\n", OVERRIDE.sub("", text))))
        if text == before:
            return text
    return _visible(re.sub(r"[<>{}]", " ", text))


def _unescaped(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _visible(text: str) -> str:
    return LONE_SURROGATE.sub("", text.translate(UNSEEN))


def _without_sound(mark: re.Match[str]) -> str:
    """A mark names a sound and nothing but it, so that `(music theory)` stays."""
    named = re.findall(r"\w+", mark[1].casefold())
    others = [word for word in named if not SOUND.fullmatch(word)]
    if len(others) == len(named) or not all(map(COMPANION.fullmatch, others)):
        return mark[0]
    return "" if mark.string[mark.end() : mark.end() + 1] in STOPS else " "
