"""Tell, without a language model, a question that only the course's staff can settle."""

import re

from services.words.terms import fold

EVENT = (
    r"(?:provas?|exames?|p[1-4]|entregas?|trabalhos?|seminarios?|listas?|gabaritos?|notas?|recuperacao|reposicao"
    r"|substitutiva|matriculas?|inscric(?:ao|oes)|resultados?|segunda chamada)\b(?! (?:por|de que|do teorema|do lema))"
)
WHEN = (
    r"(?:quando|qdo|que dia|que horas|quais dias)"
    r"(?: (?:e|eh|sera|vao|vai|ser|sao|cai|sai|saem|fica|tem|temos|comeca|abre|fecha)){1,2}"
)

PORTUGUESE = (
    rf"(?:{WHEN}|(?:data|dia) d[aeo]s?)(?: (?:a|as|o|os|nossas?|proximas?)){{0,2}} {EVENT}",
    r"(?<!longo )(?<!medio )(?<!curto )\bprazos?\b(?! de validade)",
    r"ate (?:quando|que dia) (?:posso|podemos|da pra|pode|e pra|tem)",
    r"(?:minhas?|revisao (?:d[ae] )?) ?notas?\b",
    r"notas? (?:d[ao]s?|n[ao]s?|minima) (?:prova|p[1-4]\b|trabalho|lista|exame|projeto|disciplina|materia|para|pra)",
    r"quanto (?:eu )?(?:tirei|preciso tirar)|reprov(?:ad[oa]|acao|ar|ei)\b|media (?:para|pra) passar",
    r"(?:passar|passo) (?:na|de|nessa|nesta) (?:disciplina|materia)",
    r"(?:lista de|cobra|vale|por cento de|minimo de|% de) presenca|presenca (?:minima|obrigatoria)",
    r"quantas (?:faltas|aulas) posso|posso faltar|abon(?:o|ar) (?:de )?faltas?|atestado medico",
    r"entreg(?:ar|uei|o) (?:\w+ ){0,3}?(?:atrasad[oa]|com atraso|depois do prazo)|prova substitutiva|segunda chamada",
    r"(?:adiar|prorrogar) (?:a|o) (?:entrega|prova|trabalho|lista)|gabarito d[aeo]s? (?:prova|lista|exame|p[1-4])",
    r"tranc(?:ar|amento d[ae]) (?:a )?(?:disciplina|materia|matricula|curso)|fazer (?:a )?matricula",
    r"\bcai (?:na|nessa) (?:prova|p[1-4]\b)|senha d[oa] (?:moodle|ava|wifi|sistema|zoom)",
    r"certificado d[oe] (?:curso|participacao)|horario d[eao] (?:atendimento|monitoria)",
)
ENGLISH = (
    r"when (?:is|are|will|does)(?: \w+){0,3} (?:exam|midterm|quiz|homework|assignment|project|grades?|results?)\b",
    r"(?:what|when) (?:is|are|s) the (?:deadline|due date)|deadlines? (?:for|to|of) (?:the|this|our|submit)",
    r"(?:is|are) (?:it|the \w+|our \w+)(?: \w+)? due\b|due date",
    r"my (?:final |exam )?grades?\b|grades? (?:on|for) (?:my|the) (?:exam|midterm|quiz|homework|assignment|project)",
    r"regrad(?:e|ing)|pass (?:the|this) (?:course|class)|drop (?:the|this) (?:course|class)|\benrol(?:l|ment)?\b",
    r"(?:get|have|ask for|grant) an extension|late (?:submission|penalty|policy|days)|submit (?:\w+ ){0,3}late\b",
    r"attendance (?:policy|required|mandatory|count)|office hours",
    r"(?:be|is) (?:it |this |that )?on the (?:exam|midterm|final exam|quiz|test)\b",
)
FOR_STAFF = re.compile(rf"\b(?:{'|'.join(PORTUGUESE + ENGLISH)})")


def needs_staff(question: str) -> bool:
    """
    Tell whether *question*, in Portuguese or English, is about deadlines, somebody's grade, attendance and the like.

    It rather misses such a question than takes one about content for it.

    >>> needs_staff("qual o prazo da lista 2?"), needs_staff("quando o gradiente some?")
    (True, False)
    """
    return bool(FOR_STAFF.search(" ".join(re.findall(r"[\w%]+", fold(question)))))
