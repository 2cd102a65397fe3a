"""Take out of a model's text what must not reach a student, and close the gap that it leaves."""

import re

from services.notation.parts import MASK, Masking, code_masked, replaced

WITH_PATH = (
    "com|org|net|edu|gov|info|io|ai|me|co|tv|app|dev|gg|be|ly|gl|gle|br|pt|uk|us|de|fr|es|it|eu|ru|cn|jp|in|ca|ch|nl"
    "|to|cc|ws|xyz|link|site|online|page|wiki|blog|live|stream|club|shop|top|tk|ml|ac"
)
NAME = (
    r"(?:(?-i:(?:[A-Za-z][\w#+-]*\.)+(?:NET|Net))"
    r"|(?:asp|vb|ado|ml|paint|dot|system|java|javax|self|this|cls|super|model|module|layer|args|cfg|config|opt|params"
    r"|state|ctx|obj|nn|tf)\.(?:net|com|org|io|app|co|me|in|to))(?![\w-]|\.\w)"
)
"""Words that only look like domains: `ASP.NET`, `System.Net`, `self.net`. They stay, and Discord is kept from them."""
REST = rf"[^\s\[\]<>`{MASK}]"
STOP = rf"(?=[)}}»”\"'.,;:!?…]*(?:[\s\[\]<>`{MASK}]|\Z))"
ADDRESS = (
    rf"(?:(?<![\w+.-])[\w+.-]+://{REST}*?{STOP}|\bwww\.{REST}+?{STOP}"
    rf"|(?<![\w@-])(?<![\w@-]\.)(?!{NAME})(?:[\w-]+\.)+(?:{WITH_PATH})(?::[0-9]+)?/{REST}*?{STOP}"
    rf"|(?<![\w@-])(?<![\w@-]\.)(?!{NAME})(?:[\w-]+\.)+(?:com|org|net|edu|gov|br)(?::[0-9]+)?(?![\w@/(-]|\.\w))"
)
"""Addresses with a scheme, with `www.`, with a domain and a path, and bare domains of the commonest kinds."""
LINK = re.compile(
    rf"!?\[(?P<words>[^\[\]\n]*)\]\(\s*<?(?:[\w+.-]+:|//|{ADDRESS})[^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)", re.IGNORECASE
)
ONE = rf"(?:\(\s*<?{ADDRESS}>?\s*\)|<{ADDRESS}>|{ADDRESS})"
BARE = re.compile(rf"[ \t]{{0,8}}{ONE}(?:[ \t]{{1,8}}{ONE})*[ \t]{{0,8}}", re.IGNORECASE)
SENTENCE_GOES_ON = re.compile(r"[.,;:!?…»”)]*(?:\s|\Z)")


def without_links(text: str, hidden: Masking = code_masked) -> str:
    """
    Return *text* without addresses; the words of a Markdown link stay, and so does what is *hidden*.

    >>> without_links("Veja [a aula](https://x.example/1) em https://youtu.be/x.")
    'Veja a aula em.'
    """
    while (without := replaced(replaced(text, LINK, _words, hidden), BARE, _gap, hidden)) != text:
        text = without  # what was taken out may have kept the parts of another address asunder
    return text


def closed_gap(text: str, start: int, end: int) -> str:
    """
    Return what belongs in place of `text[start:end]`, a removed thing with the spaces around it: a space or nothing.

    What stood apart is never joined, except a sentence with its punctuation: `http: [9]//x.y` must not become
    an address.
    """
    if not text[:start] or text[start - 1] == "\n" or SENTENCE_GOES_ON.match(text, end):
        return ""
    return " "


def _gap(removed: re.Match[str]) -> str:
    return closed_gap(removed.string, *removed.span())


def _words(link: re.Match[str]) -> str:
    """A model may write its marks as links: `[2](https://…)`."""
    return f"[{link['words']}]" if re.fullmatch(r"\^?[0-9]+", link["words"]) else link["words"]
