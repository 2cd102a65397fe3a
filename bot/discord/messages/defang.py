"""Make text that people, lecturers or models wrote harmless in Discord: no ping, no link, no forged markup."""

import re

from services.citing.without_links import replaced, without_links
from services.ground.text import UNSEEN

INVISIBLE = {**UNSEEN, 0x061C: None}
"""Characters that hide others, or turn the direction in which a line is read; the joiners of emoji stay."""
GAP = "\u200b"
"""A zero-width space: breaks what Discord would read as markup, and nobody sees it."""

SPECIAL = re.compile(r"<(?=@|#|t:|id:|sound:|a?:\w+:\d|/[^<>\n]+:\d|https?:|mailto:|tel:|sms:|\+\d)", re.IGNORECASE)
"""What begins a mention, a timestamp, an emoji, a command link or a link: discord.com/developers/docs/reference."""
ADDRESS = re.compile(r"<([^\s<>@]+@[^\s<>]+)>")
"""An e-mail address is a link in these brackets, whatever stands in it, and none without them."""
EVERYONE = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
INVITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:discord(?:app)?\.(?:gg|com|me|io|li|new|gift)|dsc\.gg|invite\.gg)(?:/[^\s)\]>]*)?",
    re.IGNORECASE,
)
SCHEME = re.compile(r"(?<=\w):(?=//)|(?<=discord):(?=/)|(?<=mailto):|(?<=javascript):|(?<=steam):", re.IGNORECASE)
DOMAIN = re.compile(
    r"(?P<mail>(?<![\w.+-])[\w.+-]+@[\w-][\w.-]*)"
    r"|(?<=[\w-])\.(?=(?:com|net|org|edu|gov|br|io|ai|dev|app|gg|tv|me|co)(?![\w-]))",
    re.IGNORECASE,
)
"""
What may be read as a domain although it is a word, such as `ASP.NET`, or the call `self.net(x)`.

An e-mail address is left whole: outside of brackets it is no link, and people copy it.
"""
MASKED = re.compile(r"\](?=\()")
SPOILER = re.compile(r"\|(?=\|)")
HEADING = re.compile(r"^[ \t]*(?:(?:>{1,3}|[-*+]|\d{1,9}[.)])[ \t]+)*(?=#{1,3}[ \t]|-#[ \t])", re.MULTILINE)
"""What stands before a heading or small print: nothing, or the sign of a quotation or a list."""
MARKUP = re.compile(r"([\\*_~|`\[\]()<>#])")


def harmless(text: str) -> str:
    """
    Return *text* as Discord may show it: its emphasis and code stay, all that could act is broken.

    Links are taken out, not only broken; those that a person may follow come from our own rows.

    >>> harmless("veja [aqui](https://evil.example/x), @everyone <@&42>").replace(GAP, "·")
    'veja aqui, @·everyone <·@&42>'
    """
    # An invitation is replaced by something: what stood on both sides of it must not become another.
    cleaned = INVITE.sub(GAP, without_links(text.translate(INVISIBLE)))
    while (bare := ADDRESS.sub(r"\1", cleaned)) != cleaned:
        cleaned = bare  # in brackets within brackets
    for pattern, kept in ((SPECIAL, "<"), (EVERYONE, "@"), (SCHEME, ":"), (MASKED, "]")):
        cleaned = pattern.sub(kept + GAP, cleaned)
    # Code keeps its comments and operators as they are, so that it can be copied.
    return replaced(replaced(replaced(cleaned, SPOILER, _broken), DOMAIN, _broken_unless_mail), HEADING, _broken)


def continued(page: str) -> str:
    """Return *page*, which may begin in the middle of a line, without a heading that only its beginning makes."""
    return HEADING.sub(_broken, page, count=1) if HEADING.match(page) else page


def _broken(found: re.Match[str]) -> str:
    return found[0] + GAP


def _broken_unless_mail(found: re.Match[str]) -> str:
    return found[0] if found["mail"] else _broken(found)


def plain(text: str) -> str:
    r"""
    Return *text* on one line, every character of it shown as it is.

    >>> plain("**Aula** 3")
    '\\*\\*Aula\\*\\* 3'
    """
    return MARKUP.sub(r"\\\1", harmless(" ".join(text.split())))


def shortened(text: str, most: int) -> str:
    """Return at most *most* characters of *text*, cut between words where there is one."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return cut[: max(cut.rfind(" "), most // 2)].rstrip("\\ ") + "…"
