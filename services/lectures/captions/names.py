"""Take the names of speakers out of the beginnings of lines: `Ana Lima:`, `[SPEAKER_00]:`, `>> ANA:`."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.lectures.captions.records import Caption
from services.lectures.captions.text import cleaned

LONGEST = 60
MOST_WORDS = 7
EACH_CUE_SHARE = 0.5
"""Where so many cues begin with a name, the program that wrote them puts one into each, a one-off guest's too."""
BARE_TURNS = 3
"""So often on average comes a name that nothing but its place tells from words."""
EVERY_CUE_SHARE = 0.9
"""Where nearly all cues begin with something and a colon, that is written by a program, however it looks."""
FEWEST = 3
FEWEST_LOOSE = 5
TURNS_SHARE = 0.1
LONGEST_CUE = 40_000

NUMBERED = re.compile(
    r"(?:(?:unknown|desconhecido|unbekannt)[ _]?)?(?:speaker|spk|falante|oradora?|palestrante|locutora?|interlocutora?"
    r"|participante?|sprecher(?:in)?|locut(?:eur|rice)|orateur|oratrice|intervenant|hablante|relatore?|спикер|화자|話者|发言人)"
    r"[ _-]?№?(?:[0-9]{1,3}|[A-Z]|\?)|unknown[ _]speaker|SPEAKER_UNKNOWN|speaker[ _]unknown",
    re.IGNORECASE,
)
"""Labels that recognisers of voices give; with a colon, or in brackets, they are nothing else."""
ROLE = re.compile(
    r"prof|profa|professora?|docente|monitora?|alun[oa]s?|estudantes?|students?|teacher|instructor|lecturer|speaker"
    r"|interviewe[er]|entrevistad(?:o|a|or|ora)|moderadora?|moderator|mediadora?|host|apresentadora?|narradora?|narrator"
    r"|audience|plateia|publico|falante|palestrante|dozent(?:in)?|profesora?|alumn[oa]s?|estudiante|professeure?"
    r"|etudiante?|eleve|presenter|panelist|attendee|convidad[oa]"
)
NO_NAME = re.compile(
    r"exemplo|exemplos|exercicio|exercicios|teorema|lema|corolario|proposicao|definicao|prova|demonstracao"
    r"|pergunta|perguntas|resposta|respostas|questao|nota|observacao|obs|atencao|aviso|dica|passo|etapa|fase|caso"
    r"|parte|capitulo|secao|aula|slide|topico|tema|titulo|resumo|conclusao|introducao|objetivo|problema|solucao"
    r"|entrada|saida|resultado|hipotese|metodo|algoritmo|figura|tabela|equacao|formula|regra|lei|principio"
    r"|propriedade|vantagem|vantagens|desvantagem|desvantagens|opcao|alternativa|importante|cuidado|lembrete"
    r"|spoiler|verdadeiro|falso|assim|agora|entao|example|examples|exercise|theorem|lemma|corollary|proposition"
    r"|definition|proof|question|questions|answer|answers|note|notes|warning|tip|hint|step|stage|case|part|chapter"
    r"|section|lecture|topic|title|summary|conclusion|introduction|goal|problem|solution|input|output|result"
    r"|hypothesis|method|algorithm|figure|table|equation|rule|law|principle|property|advantage|disadvantage|option"
    r"|important|remember|caution|true|false|fact|claim|ejemplo|ejercicio|teoremas|definicion|demostracion"
    r"|pregunta|respuesta|cuestion|observacion|paso|seccion|exemple|exercice|theoreme|preuve|reponse|remarque"
    r"|etape|cas|partie|chapitre|beispiel|aufgabe|satz|beweis|frage|antwort|hinweis|schritt|fall|teil|kapitel"
    r"|achtung|losung|primeiro|primeira|segundo|segunda|terceiro|terceira|quarto|first|second|third|fourth|finally"
    r"|then|so|and|but|http|https|ftp|doi|isbn|url|e-mail|email|to|from|subject|re|cc|date|data|hora|time|local"
    r"|link|fonte|source"
)
"""First words of what lecturers announce with a colon; folded."""
PARTICLES = re.compile("d[aeo]s?|e|del|la|las|los|van|von|der|den|di|bin|ibn|al|el|y|le|du|zu|ter")
DEVICES = frozenset({"iphone", "ipad", "ipod"})
PREFIX = re.compile(
    r"(?P<sign>(?:>{2,3}|[-–—•])[ \t]*)?(?P<label>[^\s:：\[\]<>{}()?!;][^:：\[\]{}?!;\n]{0,59}?)[ \t]?"
    r"(?::(?=[ \t*_]|\Z)|：)[ \t*_]*"
)
DASHED = re.compile(r"(?P<label>[^\s:\[\]<>{}()?!;,][^:\[\]{}?!;,\n]{0,59}?)[ \t][-–—][ \t]+(?=\S)")
BRACKETED = re.compile(r"(?:>{2,3}[ \t]*)?[\[(](?P<label>[^\[\]():\n]{1,60})[\])][ \t]?(?P<colon>:)?[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a line begins with, if that may be a name."""

    text: str
    end: int  # where the words after it begin
    kind: Literal["certain", "name", "loose", "bare"]
    """Given by a program; looks like a name; short, and no more than that; looks like a name, without a colon."""


def without_names(cues: Sequence[Caption]) -> tuple[list[Caption], list[str]]:
    """
    Return *cues* without the names of speakers, and what was done, in sentences that name nobody.

    A name is a label that a recogniser of voices gives, or a prefix that looks like a name and recurs, or stands in
    a file whose every cue has one. `Exemplo:` and `Teorema 1:` stay: they are words that somebody says.
    """
    lines = [cue.text.split("\n") if len(cue.text) < LONGEST_CUE else [] for cue in cues]
    found = [list(_labels(each)) for each in lines]
    first = [_first(each, labels) for each, labels in zip(lines, found, strict=True)]
    names = _names(found, [label for label in first if label])
    kept, gone = list[Caption](), Counter[str]()
    for cue, each, labels in zip(cues, lines, found, strict=True):
        rest = list[str]()
        for line, label in zip(each, labels, strict=True):
            if label and (label.kind == "certain" or label.text in names):
                gone[label.text] += 1
                rest.append(cleaned(line).words[label.end :])
            else:
                rest.append(line)
        kept.append(replace(cue, text="\n".join(rest)) if rest != each else cue)
    return kept, list(_told(found, names, gone))


def _told(found: Sequence[Sequence[Label | None]], names: frozenset[str], gone: Counter[str]) -> Sequence[str]:
    notes = list[str]()
    if gone:
        speakers = "1 speaker" if len(gone) == 1 else f"{len(gone)} speakers"
        notes.append(f"names of speakers left out: {gone.total()}, of {speakers}")
    doubtful = sum(
        1
        for labels in found
        for one in labels
        if one and one.kind == "name" and one.text not in names and len(one.text.split()) > 1
    )
    if doubtful:
        notes.append(f"lines that begin with what may be a name and a colon, too seldom to tell, kept: {doubtful}")
    return notes


def _labels(lines: Sequence[str]) -> Iterator[Label | None]:
    """Yield what each line begins with; a name that has no colon counts in the first one alone."""
    filled = [line for line in lines if line.strip()]
    for line in lines:
        is_first = bool(filled) and line is filled[0]
        yield _label(line) or (_bare(line, is_alone=len(filled) > 1) if is_first else None)


def _bare(line: str, *, is_alone: bool) -> Label | None:
    """Find `Ana Lima - …`, `[Ana Lima] …`, or a name alone above its words, as Meet's transcripts have it."""
    words = cleaned(line).words if len(line) < LONGEST_CUE else ""
    if (prefix := BRACKETED.match(words) or DASHED.match(words)) and _is_name(prefix["label"]):
        return Label(text=prefix["label"], end=prefix.end(), kind="bare") if prefix.end() < len(words) else None
    if is_alone and 0 < len(words) <= LONGEST and _is_name(words):
        return Label(text=words, end=len(words), kind="bare")
    return None


def _label(line: str) -> Label | None:
    if ":" not in line[: 4 * LONGEST].replace("：", ":") and "[" not in line[:LONGEST] and "(" not in line[:LONGEST]:
        return None
    words = cleaned(line).words if len(line) < LONGEST_CUE else ""
    if bracketed := BRACKETED.match(words):
        is_label = NUMBERED.fullmatch(bracketed["label"].strip()) is not None
        is_name = bracketed["colon"] is not None and _is_name(bracketed["label"])
        if not is_label and not is_name:
            return None
        return Label(text=bracketed["label"], end=bracketed.end(), kind="certain" if is_label else "name")
    prefix = PREFIX.match(words)
    if prefix is None:
        return None
    label = " ".join(prefix["label"].strip("*_ ").split())
    is_turn = (prefix["sign"] or "").startswith(">>") and (_is_name(label) or _is_role(label))
    if NUMBERED.fullmatch(label) or is_turn:
        return Label(text=label, end=prefix.end(), kind="certain")
    if _is_name(label) or _is_role(label):
        return Label(text=label, end=prefix.end(), kind="name")
    is_loose = len(label.split()) <= MOST_WORDS and not _announces(label) and any(map(str.isalpha, label))
    return Label(text=label, end=prefix.end(), kind="loose") if is_loose else None


def _first(lines: Sequence[str], labels: Sequence[Label | None]) -> Label | None:
    return next((label for line, label in zip(lines, labels, strict=True) if line.strip()), None)


def _names(found: Sequence[Sequence[Label | None]], first: Sequence[Label]) -> frozenset[str]:
    """Return the labels of a file that are names, by how often they come; cues begin with those in *first*."""
    labels = [one for each in found for one in each if one and one.kind != "bare"]
    bare = Counter(one.text for one in first if one.kind == "bare")
    if bare.total() >= max(FEWEST_LOOSE, EACH_CUE_SHARE * len(found), BARE_TURNS * len(bare)):
        return frozenset(bare) | {one.text for one in labels if one.kind == "name"}
    first = [one for one in first if one.kind != "bare"]
    if len(first) >= max(FEWEST_LOOSE, EVERY_CUE_SHARE * len(found)):
        return frozenset(one.text for one in labels)
    counted = Counter(one.text for one in labels if one.kind == "name")
    if sum(one.kind == "name" for one in first) >= max(FEWEST, EACH_CUE_SHARE * len(found)):
        return frozenset(counted)
    whole = [label for label in counted if len(label.split()) > 1]
    enough = FEWEST if len(whole) < 2 else 2  # two who take turns need not speak often
    recurring = {label for label, count in counted.items() if count >= (enough if label in whole else FEWEST)}
    sure = {label for label in recurring if len(label.split()) > 1 or _is_role(label)}
    if sum(counted[label] for label in recurring) >= max(2 * FEWEST, TURNS_SHARE * len(found)) and len(recurring) > 1:
        sure = recurring
    if not sure:
        return frozenset()
    return frozenset(sure | {label for label in counted if len(label.split()) > 1})


def _is_role(label: str) -> bool:
    return ROLE.fullmatch(_folded(label).rstrip(".")) is not None


def _is_name(label: str) -> bool:
    """Tell whether each word of *label* is written as in a name, and the first announces nothing."""
    plain = re.sub(r"\([^()]*\)|<[^<>]*>", " ", label)
    words = [word for word in re.split(r"[\s,|/]+", plain) if word.strip("-–—.")]
    if not words or len(words) > MOST_WORDS or _announces(label):
        return False
    return _is_capital(words[0]) and all(map(_may_be_in_name, words[1:]))


def _announces(label: str) -> bool:
    words = re.split(r"[\s,|/]+", label.strip("*_ "))
    return NO_NAME.fullmatch(_folded(words[0]).strip(".0123456789")) is not None


def _may_be_in_name(word: str) -> bool:
    return _is_capital(word) or PARTICLES.fullmatch(word.casefold()) is not None or word.isdigit()


def _is_capital(word: str) -> bool:
    """Scripts without capitals have none to show."""
    letter = word.lstrip("'’\"“«")[:1]
    is_plain = all(char.isalnum() or char in ".'’-_@&·" for char in word)
    return is_plain and letter.isalpha() and (not letter.islower() or word.casefold() in DEVICES)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
