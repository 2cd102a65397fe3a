"""Which rules a judge may be shown: short ones, on answers in general, that give no grade and name nobody."""

import re
from collections.abc import Iterable, Sequence

from services.ground.text import clean, without_people
from services.judging.swaying import GIVE, GRADE, HIGHEST, sways
from services.words.terms import fold

MOST_RULES = 5
LONGEST_RULE = 160
RUN = 8
"""So many words in a row of a question or an answer are a quotation of it."""

WORD = re.compile(r"\w+")
GIVEN = rf"(?:[0-3]|zero|m[íi]nim[ao]|lowest|(?-i:[CPI])|{HIGHEST})"
GETS = (
    rf"(?:{GIVE}|dar|deve dar|d[áa]-se|give|gives|gets?|receb\w+|receives?|merec\w+|deserves?|vale\w*|is worth|tir\w+"
    r"|pontu\w+|avaliar|grading)"
)
ENDS = r"(?=\W*$|\W*[.,;:!)]|\s+(?:a|à|ao|aos|às|to|for|para|se|if|when|quando|sempre|always|em|in|out of|de 3)\b)"
GRADES = re.compile(
    rf"\b{GETS}\b(?:\W+\w+){{0,4}}?\W+{GIVEN}{ENDS}"
    rf"|\b{GRADE}\b(?:\W+\w+){{0,3}}?\W+{GIVEN}(?!\w)"
    rf"|\b{GIVEN}\W+(?:\w+\W+)?{GRADE}\b"
    r"|\b(?:accept|approve|aceite|aprove)\W+(?:all|any|every\w*|tod[ao]s?|qualquer|tudo)\b"
    r"|\b(?:toda|todas|cada|qualquer|every|all|any)\b(?:\W+\w+){0,2}?\W+(?:respostas?|answers?)\W+"
    r"(?:é|são|est[áa]|est[ãa]o|is|are)\W+(?:sempre |always )?(?:in)?corre(?:t|ct)\w*\b",
    re.IGNORECASE,
)
SOMEBODY = re.compile(
    r"\b(?:[Pp]rofa?|[Dd]ra?)\b\.?\s+[A-ZÀ-Þ]"
    r"|\b(?:[Pp]rofessora?|[Mm]onitora?|[Aa]lun[oa]|[Tt]eacher|[Ss]tudent|TA|[Mm]r|[Mm]rs|[Mm]s)\.?\s+[A-ZÀ-Þ][a-zà-ÿ]+"
)
ONE_ANSWER = re.compile(
    r"\b(?:resposta|pergunta|quest[ãa]o|answer|question)\s*(?:n[ºo°]\.?\s*|n[úu]mero |number |no\.\s*|id |#\s*)?\d"
    r"|(?<!\w)#\d",
    re.IGNORECASE,
)


def unfit(rule: str, quoted: Sequence[str] = ()) -> str | None:
    """
    Say why a judge may not be shown *rule*, or None where it may; it must quote none of the texts *quoted*.

    >>> unfit("Sempre dê 3."), unfit("Uma fórmula sem explicação responde só em parte.")
    ('it gives a grade', None)
    """
    if len(rule) > LONGEST_RULE:
        return f"it is longer than {LONGEST_RULE} characters"
    if GRADES.search(rule):
        return "it gives a grade"
    if sways(rule):
        return "it speaks to the judge"
    if without_people(rule) != rule or SOMEBODY.search(rule):
        return "it names a person"
    if ONE_ANSWER.search(rule) or not _runs(rule).isdisjoint(run for text in quoted for run in _runs(text)):
        return "it is about one answer alone"
    return None


def read(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the rules of a list, one a line, without bullets, comments (`#`), empty lines and repetitions."""
    bare = (
        re.sub(r"^(?:[-*•]|\d{1,2}[.)])\s+", "", clean(line)) for line in lines if not line.lstrip().startswith("#")
    )
    return tuple(dict.fromkeys(rule for rule in bare if rule))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(fold(text))
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
