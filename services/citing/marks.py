"""Write the marks of a model's answer as we ask for them, whatever form it was trained to write."""

import re
import unicodedata
from collections.abc import Callable

from services.citing.citations import GLUED, SPACED, WORDS, without_marks
from services.citing.without_links import closed_gap
from services.notation.parts import masked, replaced

NUMBER = r"[1-9][0-9]?"
JOINT = r"\s?(?:[,;&–-]|\b(?:e|and|y)\b)\s?"
NAME = rf"(?:{WORDS}|n\.?\s?[ºª°]|no\.|números?|numbers?)[\s:#_=.-]{{0,3}}"
WIDE = r"[1-9１-９][0-9０-９]?(?:\s?[,，、;–-]\s?[1-9１-９][0-9０-９]?)*"
LIST = rf"#?\^?{NUMBER}(?:{JOINT}(?:{NAME})?#?\^?{NUMBER})*"
PLACE = (
    r"(?:(?:[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{2}(?![0-9])"
    r"|(?:aula|lecture|class|lição|trecho|passage|página|page|pp?\.|minuto|minute|min\.|linhas?|lines?|slide|time|tempo)\b)"
)
"""What models write behind the number: where the passage is."""
TITLED = (
    rf"(?:{NAME}(?P<told>{NUMBER})\s?[,:;|@(–—-](?=[^\[\]\n]{{0,80}}[^\W_])"
    rf"|#?(?P<titled>{NUMBER})\s?(?:[,:;|@(–—-]\s?(?={PLACE})|[:|–—]\s?(?=[^\[\]\n0-9]{{0,40}}[^\W\d_]{{3}})))[^\[\]\n]{{1,80}}"
)
BRACKETS = rf"\[\s?(?:{NAME})?{LIST}\s?\]"

FENCED = re.compile(
    r"\A\s*```(?P<kind>[a-z]*)[ \t]*\n(?P<inside>(?:(?!```).)*?)\n?[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE
)
PROSE = {"markdown", "md", "text", "txt", "plaintext", "plain"}
LOOKS_LIKE_CODE = re.compile(r"[={};]|\w\(|^\s*(?:import|def|for|return)\b", re.MULTILINE)

CERTAIN = re.compile(
    rf"[ \t]{{0,8}}(?:\\\[\s?(?P<escaped>{LIST})\s?\\\]"
    rf"|(?P<stars>\*{{1,3}}|__?)(?P<starred>{BRACKETS}(?:[ ,]{{0,2}}{BRACKETS})*)(?P=stars)"
    rf"|\[(?P<doubled>{BRACKETS}(?:[ ,]{{0,2}}{BRACKETS})*)\]"
    rf"|【\s?(?:{NAME})?(?P<lenticular>{LIST})\s?(?:†[^】\n]{{0,60}})?】"
    rf"|\[\s?(?:{NAME}|#)(?P<named>{LIST})\s?\]"
    rf"|\(\s?{WORDS}[\s:#_=.-]{{1,3}}(?P<round>{LIST})\s?\)"
    rf"|\{{\{{?\s?{NAME}(?P<curly>{LIST})\s?\}}\}}?"
    rf"|<(?P<tag>cite|citation|ref|inref|co|source|sup)>\s?\[?(?:{NAME})?(?P<tagged>{LIST})\]?\s?</(?P=tag)>"
    rf"|\[\^(?P<note>{NUMBER})\](?!:)"
    rf"|(?<![\w)])\[\s?{TITLED}\]"
    rf"|(?<![\w\])=])(?<!= )\[(?:\s{{1,2}}(?P<inset>{LIST})\s{{0,2}}|(?P<trailing>{LIST})\s{{1,2}})\]"
    rf"|[［〔⟦]\s?(?:{NAME})?(?P<wide>{WIDE})\s?[］〕⟧]"
    rf"|~?\\(?:foot|paren|text|auto|super)?cite[a-z]{{0,6}}\*?\{{\s?(?:{NAME})?(?P<tex>{LIST})\s?\}}"
    rf"|\[@(?:{NAME})?(?P<pandoc>{LIST})\]"
    rf"|\[(?P<anchored>{NUMBER})\]\(#[\w-]{{0,40}}\)"
    rf"|\$?\^\{{?\[(?P<raised>{LIST})\]\}}?\$?)",
    re.IGNORECASE,
)
"""Forms that mean nothing else, also where they touch the word before them."""
LOOSE_ROUND = re.compile(
    rf"(?P<before>(?<![^\W\d_])[^\W\d_]+[\"'»”)]?)"
    rf" ?\((?P<round>{NUMBER}(?:{JOINT}{NUMBER})*)\)(?=[.!?;…]|[ \t]*(?:\n|\Z))"
)
COUNTED = re.compile(
    r"(?:equaç(?:ão|ões)|eq|equations?|fig(?:ura|ure)?s?|tab(?:ela|le)?s?|passos?|steps?|itens|items?|casos?|cases?|linhas?|lines?"
    r"|slides?|aulas?|lectures?|cap(?:ítulos?)?|chapters?|seç(?:ão|ões)|sections?|páginas?|pages?|fórmulas?|formulas?|f|log|exp)",
    re.IGNORECASE,
)
RAISED = re.compile(r"(?:(?<=[^\W\d_]{3})|(?<=[.!?»”)]))(?P<raised>[¹²³⁴-⁹](?:[,˒]?[¹²³⁴-⁹]){0,4})(?=[.,;:!?…]|\s|\Z)")
POWERED = re.compile(r"(?:metros?|meters?|segundos?|seconds?|quil[oô]metros?|erros?|errors?)\Z", re.IGNORECASE)
LONGEST_UNIT = len("quilômetros")
DIGITS = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")
CIRCLED = re.compile(
    r"(?P<before>(?<![^\W\d_])[^\W\d_]{2,}|[.!?»”)])"
    r"(?P<circled>(?:[ \t]?[\u2460-\u2473\u2776-\u277f]){1,5})(?=[.,;:!?…]|[ \t]*(?:\n|\Z))"
)
WIDE_DIGITS = str.maketrans("０１２３４５６７８９，、", "0123456789,,")
SOURCES = re.compile(
    r"\n[ \t>#*_-]*(?:fontes?|sources?|refer[eê]ncias?|references?|citations?|cita[cç][oõ]es|bibliografia)"
    r"[ \t*_]*:?[ \t*_]*"
    r"(?:\n|(?=[\[【(\d]))(?:.*(?:\n|\Z)){1,20}\Z",
    re.IGNORECASE,
)
NOTES = re.compile(r"\n[ \t]*\[\^?[1-9][0-9]?\]:[^\n]*(?=\n|\Z)")
LOOSE_GLUED = re.compile(
    rf"(?P<before>(?<![^\W\d_])[^\W\d_]{{4,}})\[(?P<glued>{NUMBER}(?:{JOINT}{NUMBER})*)\](?=[\s.,;:!?…]|\Z)"
)
INDEXED = re.compile(
    r"(?:listas?|vetor(?:es)?|arrays?|matriz(?:es)?|tuplas?|tensor(?:es|s)?|dados|data|lists?|vectors?|matri(?:x|ces)|tuples?"
    r"|words|valores|values|nums?|args|argv|self|items?|linha|coluna|rows?|cols?|pilha|fila|stack|queue|string|text)",
    re.IGNORECASE,
)
LEFT_OVER = re.compile(
    r"[ \t]{0,8}(?:【[^】\n]{1,60}】|\[[0-9]{1,3}:[0-9]{1,3}†[^\]\n]{0,60}\]|\[\^[0-9]{1,3}\])"
    r"|[ \t]{1,8}\[[0-9]{1,2}:[0-9]{1,2}\](?=[.!?;…]|[ \t]*(?:\n|\Z))"
)


def normalised(draft: str) -> str:
    """
    Return *draft* with the marks that it certainly holds written as `[2]`, and without lists of sources.

    Round brackets, raised or circled digits and what touches a word are marks only where there are no others; numbers
    in code and formulas, indices, and those that count equations, figures or steps are none. Marks of other systems are
    taken out.

    >>> normalised("O gradiente some [citation:1]【2†source】. Veja (trecho 3).")
    'O gradiente some [1] [2]. Veja [3].'
    """
    text = _unfenced(draft.strip())
    text = _all(_all(text, SOURCES, _nothing), NOTES, _nothing)
    text = _all(text, CERTAIN, _certain)
    # Before looser forms are looked for: what stands behind one decides whether it is a mark.
    text = _all(text, LEFT_OVER, _gone)
    if not has_marks(text):
        text = _all(text, LOOSE_ROUND, _round)
    if not has_marks(text):
        text = _all(text, RAISED, _raised)
    if not has_marks(text):
        text = _all(text, CIRCLED, _circled)
    if not has_marks(text):
        text = _all(text, LOOSE_GLUED, _glued)
    return text.strip()


def has_marks(text: str) -> bool:
    return without_marks(text) != text or bool(GLUED.search(masked(text)))


def _unfenced(text: str) -> str:
    """Take the fence away in which some models put their whole answer."""
    fenced = FENCED.match(text)
    if fenced is None:
        return text
    kind, inside = fenced["kind"].lower(), fenced["inside"]
    is_prose = kind in PROSE or (not kind and SPACED.search(inside) and not LOOKS_LIKE_CODE.search(inside))
    return inside.strip() if is_prose else text


def _all(text: str, form: re.Pattern[str], written: Callable[[re.Match[str], str], str]) -> str:
    return replaced(text, form, lambda found: written(found, text))


def _nothing(*_: object) -> str:
    return ""


def _gone(found: re.Match[str], text: str) -> str:
    return closed_gap(text, *found.span())


def _certain(found: re.Match[str], text: str) -> str:
    numbers = next(value for name, value in found.groupdict().items() if value and name not in {"stars", "tag"})
    before = text[max(found.start() - 1, 0) : found.start()]
    gap = " " if before and not before.isspace() and before not in "([" else ""
    return gap + _marks(numbers)


def _round(found: re.Match[str], _: str) -> str:
    if COUNTED.fullmatch(found["before"]):
        return found[0]
    return f"{found['before']} {_marks(found['round'])}"


def _glued(found: re.Match[str], _: str) -> str:
    if INDEXED.fullmatch(found["before"]):
        return found[0]
    return f"{found['before']} {_marks(found['glued'])}"


def _raised(found: re.Match[str], text: str) -> str:
    if POWERED.search(text, max(found.start() - LONGEST_UNIT, 0), found.start()):
        return found[0]
    return " " + "".join(f"[{digit.translate(DIGITS)}]" for digit in found["raised"] if digit not in ",˒")


def _circled(found: re.Match[str], _: str) -> str:
    if COUNTED.fullmatch(found["before"]):
        return found[0]
    numbers = (unicodedata.numeric(sign) for sign in found["circled"] if not sign.isspace())
    return f"{found['before']} " + "".join(f"[{number:.0f}]" for number in numbers)


def _marks(numbers: str) -> str:
    """
    Return the numbers in any such list as one mark.

    >>> _marks("[1], [2]"), _marks("1-3"), _marks("doc 1 e doc 4")
    ('[1, 2]', '[1-3]', '[1, 4]')
    """
    ranges = re.findall(r"[0-9]+(?:\s?[–-]\s?[0-9]+)?", numbers.translate(WIDE_DIGITS))
    return f"[{', '.join(found.replace(' ', '').replace('–', '-') for found in ranges)}]"
