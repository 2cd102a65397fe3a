"""Tell what a model thought from what it said; a student sees only the second."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from services.models.surroundings import ANSWER_TAGS, DECORATION, Unclear, may_be_surrounded, without_surroundings

NAMES = (
    r"(?:seed:|antml:)?(?:think(?:ing)?|thoughts?|thought_process|reason(?:ing)?|reasoning_content|reflection|analysis"
    r"|scratch_?pad|inner_(?:monologue|thoughts?)|internal_(?:monologue|thoughts?)|deliberation|ant_?thinking|reflect"
    r"|chain[_-]of[_-]thought|cot|racioc[ií]nio|pensamentos?|reflex[aã]o|(?:proposed_)?plan(?:ning)?|plano|rascunho"
    r"|tool_(?:calls?|use|response)|function_calls?)"
)
CERTAIN = r"(?:think(?:ing)?|thoughts?|reasoning)"
"""In square brackets, where "[reflection]" may be a word that the answer explains."""
OPENS = re.compile(
    rf"< ?{NAMES}(?:\s[^<>\n]{{0,80}})?>|\[{CERTAIN}\]|◁{NAMES}▷"
    rf"|<\|(?:{NAMES}|(?:start|begin)_?(?:of)?_?(?:think(?:ing)?|thought))\|>"
    rf"|<\|channel>(?:thought|analysis)|&lt;{NAMES}&gt;|<\|inner_prefix\|>"
    r"|<unused94>(?:thought)?|\|startthink\||<｜begin▁of▁thinking｜>"
    r"|<details\s+type=.?reasoning[^<>\n]{0,80}>|<details>\s{0,3}<summary>\s?(?:think|thought|reason|racioc|pensa)",
    re.IGNORECASE,
)
CLOSES = re.compile(
    rf"< ?/ ?{NAMES}\s*>|\[/{CERTAIN}\]|◁/{NAMES}▷|<\|(?:/{NAMES}|end_?(?:of)?_?(?:think(?:ing)?|thought))\|>"
    rf"|<channel\|>|&lt;/{NAMES}&gt;|<\|inner_suffix\|>|<unused95>|\|endthink\||<｜end▁of▁thinking｜>|</details>",
    re.IGNORECASE,
)
"""How models mark their thoughts, as their makers or the templates of servers taught them (tests name the sources)."""
EITHER = re.compile(f"(?P<opens>{OPENS.pattern})|(?P<closes>{CLOSES.pattern})", re.IGNORECASE)

BEGINS_A_TAG = re.compile(r"<(?= ?[/|｜a-zA-Z])|\|(?=(?:start|end)think)|\[(?=[/tr])|◁|&lt;(?=[/a-z])", re.IGNORECASE)
"""Looked for first: a text is read anew with each of its pieces."""
LONGEST_TAG = 200

CHANNEL = re.compile(
    r"(?:<\|start\|>\w*)?<\|channel\|>\s*(?P<name>\w+)[^<\n]{0,60}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>"
)
"""OpenAI's harmony format: what is said to people is in the channel "final"."""
BARE_CHANNELS = re.compile(r"\Aanalysis(?=[A-Z\"'¿¡]).*?assistant\s*final(?=\S|\s)", re.DOTALL)
"""The same where a server has dropped the tokens and left their names."""
PROCESS = re.compile(
    r"\A\W*here(?:'s| is) my thought process:.*?here(?:'s| is) my (?:response|answer):", re.DOTALL | re.IGNORECASE
)
"""Granite 3.2."""
HEADED = re.compile(
    rf"\A\s*{DECORATION}(?:thinking|thoughts?|reasoning|racioc[ií]nio|pensamentos?)"
    r"(?::[*_]{0,3}|\*\*:?|[*_]{1,3}(?::|[ \t]*\n)|[ \t]*\n)|\A\s*/\*(?:PLANNING|REASONING|ACTION)\*/",
    re.IGNORECASE,
)
HEADED_ANSWER = re.compile(
    r"(?:\A\s*|\n[^\S\n]*)(?:#{1,4}[ \t]*|[*_]{1,3})?(?:final answer|answer|response|resposta(?: final)?)"
    r"(?::[*_]{0,3}|\*\*:?|[*_]{1,3}:|[ \t]*\n)|/\*FINAL_ANSWER\*/",
    re.IGNORECASE,
)
"""Headings before thought and answer, as prompts that ask for both have taught them."""
FENCED = re.compile(r"```(?:thinking|think|thoughts?|reasoning)[ \t]*\n.*?(?:\n```|\Z)", re.DOTALL | re.IGNORECASE)
WRAPPED = re.compile(
    rf"\A\s*(?:<(?P<tag>{ANSWER_TAGS})>|<\|(?:START_RESPONSE|START_TEXT|begin_of_solution|begin_of_box)\|>)"
    r"(?P<inside>.*?)(?:</(?P=tag)>|<\|(?:END_RESPONSE|END_TEXT|end_of_solution|end_of_box)\|>)?\s*\Z",
    re.DOTALL | re.IGNORECASE,
)
TURN_TOKEN = re.compile(
    r"<\|(?:end|return|im_end|eot_id|end_of_text|endoftext|eom_id|call|start|message|channel)\|>|</s>"
    r"|<｜end▁of▁sentence｜>|<end_of_turn>",
    re.IGNORECASE,
)
MUSING = re.compile(
    r"\A\W*(?:(?:here(?:'s| is) (?:a|my) )?(?:thinking|thought) process\b|analysis(?=[A-Z\"'<])"
    r"|(?:(?:okay|ok|alright|hmm+|so|well|let me see)[,.! ]*)?"
    r"(?:the (?:user|student)(?:'s question| is asking| (?:asks|asked)(?: me)? (?:about|whether|why|how|what|:)"
    r"| wants (?:to know|me to))"
    r"|(?:we|i) need to (?:answer|respond|cite)\b|let me (?:think|look at the passages|analy[sz]e))"
    r"|first,? (?:i need to|i should|i'll|let me) (?:look|read|check|analy[sz]e)"
    r"|(?:(?:certo|ok|bem|bom|hmm+)[,.! ]*)?(?:vou|preciso|vamos|deixe-me|deixa eu) (?:pensar\b"
    r"|(?:analisar|verificar|reler|olhar) (?:os trechos|as passagens|a pergunta))"
    r"|(?:(?:certo|ok|bem|bom|hmm+)[,.! ]*)?o (?:usuário|aluno|estudante) "
    r"(?:quer saber|pergunt(?:a|ou) (?:sobre|se|por|como|o que|qual)|está perguntando))",
    re.IGNORECASE,
)
"""How models begin to think aloud, never how one talks to a student. No tag says where such a thought ends."""
MAYBE_MUSING = re.compile(
    r"\A\W*(?:okay|ok|alright|hmm+|so|well|let me|the (?:user|student)|we need|i need|here|thinking|thought"
    r"|certo|bem|bom|o (?:usuário|aluno|estudante)|first|vou|preciso|vamos|deixe-me|deixa eu)\b",
    re.IGNORECASE,
)
TELLS = 60
"""Characters after which it shows whether a text that begins in such a way is a thought."""
BEGINNINGS = (
    "analysis", "here is my thought process:", "here's my thought process:", "thinking:", "thinking\n", "thoughts:",
    "thoughts\n", "thought for", "/*planning*/", "/*reasoning*/", "/*action*/", "reasoning:",
    "reasoning\n", "raciocínio:", "raciocínio\n", "pensamento:", "pensamentos:",
)  # fmt: skip
ANSWER_HEADS = ("answer", "final answer", "response", "resposta final")
MARKED_UP = " \t\n#*_>💭🤔🧠"
AFTER_A_HEAD = " \t\n:*_.…"
UNFINISHED = re.compile(
    rf"(?:< ?/? ?[^<>\s\[\]]{{0,40}} ?|\|[a-z]{{0,10}}|<{NAMES}\s[^<>\n]{{0,80}}"
    r"|<\|(?:channel|start|constrain)\|?>[^\n]{0,80}|\[/?[A-Za-z_:]{0,24}"
    r"|<details[^<>\n]{0,120}>?\s{0,3}(?:<(?:s[a-z>]{0,8}\s?[^\W\d_]{0,12})?)?|&(?:l(?:t(?:;[^&\s]{0,40}(?:&[a-z]{0,2})?)?)?)?"
    r"|`{1,3}[a-z]{0,12}|◁[^▷\s]{0,24})\Z",
    re.IGNORECASE,
)


class SoFar:
    """
    A text as far as a model had written it at one moment.

    What may be shown of it is told when somebody looks, not before: a model writes far more often than anybody looks,
    and to read all that is written each time would cost the square of its length. *pieces* may grow afterwards.
    """

    def __init__(self, pieces: Sequence[str], *, length: int | None = None, opens_unseen: bool = False) -> None:
        self.length = sum(map(len, pieces)) if length is None else length  # in characters, thoughts included
        self._pieces = pieces
        self._count = len(pieces)
        self._opens_unseen = opens_unseen

    @cached_property
    def text(self) -> str:
        """What may be shown: no thought, and no tag that may open one."""
        return spoken_so_far("".join(self._pieces[: self._count]), opens_unseen=self._opens_unseen)


def spoken(text: str) -> str:
    """
    Return what *text* says once its thoughts are taken out, perhaps nothing.

    A tag between backticks is a word. What stands before a closing tag without its opening one is thought: templates
    of servers write that one themselves.

    >>> spoken("[THINK]Vou citar [1].[/THINK] O gradiente some [1].")
    'O gradiente some [1].'

    Raises:
        Unclear: thought and answer cannot be told apart.

    """
    said, is_second = _untagged(_final_channel(text)), False
    while (alone := without_surroundings(said)) != said:  # JSON may hold JSON, and spell a tag in escapes
        said, is_second = _untagged(alone), True
    said = _headed(said, is_second=is_second)
    if MUSING.match(said):
        raise Unclear
    while inside := WRAPPED.match(said):
        said = inside["inside"]
    return (TURN_TOKEN.sub("", said) if "<" in said else said).strip()


def spoken_so_far(text: str, *, opens_unseen: bool = False) -> str:
    """
    Return what may be shown of a *text* that is still being written: no thought, and no tag that may open one.

    *opens_unseen*: this model's thoughts begin without a tag, so that all is thought until one closes.
    """
    if _may_begin(text, BEGINNINGS) or may_be_surrounded(text):
        return ""
    if opens_unseen and not CLOSES.search(text):
        return ""
    try:
        said = spoken(text)
    except Unclear:
        return ""
    if (len(said) < TELLS and MAYBE_MUSING.match(said)) or may_be_surrounded(said) or _may_begin(said, ANSWER_HEADS):
        return ""
    return (said[:-LONGEST_TAG] + UNFINISHED.sub("", said[-LONGEST_TAG:])).rstrip()


def _may_begin(text: str, beginnings: Sequence[str]) -> bool:
    begun = text.lstrip(MARKED_UP).rstrip(AFTER_A_HEAD).lower()
    return any(beginning.startswith(begun) for beginning in beginnings)


def opens_unseen(text: str) -> bool:
    """Tell whether a thought of the whole *text* ends that no tag has opened."""
    first = next(_tags(text), None)
    return first is not None and first.lastgroup == "closes"


def _final_channel(text: str) -> str:
    if "<|message|>" in text or "<|channel|>" in text:
        parts = list(CHANNEL.finditer(text))
        ends = [*(part.start() for part in parts), len(text)][1:]
        return "".join(text[part.end() : end] for part, end in zip(parts, ends, strict=True) if part["name"] == "final")
    for form in (BARE_CHANNELS, PROCESS, FENCED):
        text = form.sub("", text)
    return text


def _headed(text: str, *, is_second: bool) -> str:
    """Return what stands under the answer's heading, where the thought has one, or stood before (*is_second*)."""
    if HEADED.match(text):
        answer = HEADED_ANSWER.search(text)
        if answer is None:
            raise Unclear
        return text[answer.end() :]
    answer = HEADED_ANSWER.match(text) if is_second else None
    return text[answer.end() :] if answer else text


def _untagged(text: str) -> str:
    said, with_tags = _outside_tags(text), ""
    while said != with_tags:  # what stood on both sides of a thought may make a tag
        said, with_tags = _outside_tags(said), said
    return said.strip()


def _outside_tags(text: str) -> str:
    """Return *text* without what stands inside tags; a thought that does not end takes the rest with it."""
    kept, at, depth = "", 0, 0
    for tag in _tags(text):
        if tag.lastgroup == "opens":
            kept += "" if depth else text[at : tag.start()]
            depth += 1
        else:
            # All before a thought's end is thought, unless its beginning was seen.
            kept = kept if depth else ""
            depth = max(depth - 1, 0)
        at = tag.end()
    return kept if depth else kept + text[at:]


def _tags(text: str) -> Iterator[re.Match[str]]:
    for start in BEGINS_A_TAG.finditer(text):
        tag = EITHER.match(text, start.start())
        if tag and not (text.startswith("`", tag.end()) and text[max(tag.start() - 1, 0) : tag.start()] == "`"):
            yield tag
