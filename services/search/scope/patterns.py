"""
The forms in which people speak of lectures, as patterns over a folded sentence.

What each is for is decided in `services.search.scope.pointing`; which words count as which, here.
"""

import re

from services.search.scope.vocabulary import COUNT, COUNTS, ENDS, ORDINAL, one_of

PORTUGUESE_NOUN = r"(?:video-?)?aulas?"
NUMBERED_NOUN = rf"(?:{PORTUGUESE_NOUN}|lectures?|lec)"
NOUN = re.compile(rf"(?<!sala de )(?<!salas de )(?<!plano de )\b(?:{PORTUGUESE_NOUN}|lectures?|class(?:es)?)\b(?![-])")
RECAP = re.compile(
    r"\b(?:resum[aoe]|resumir|resumao|summary|summari[sz]e|recap|materia|conteudo|content|topics|assuntos)\b"
)
RECAP_OF = re.compile(rf"{RECAP.pattern}(?: (?:d[aeo]s?|n[ao]s?|a|o|of|for|from|the|in))*\s*\Z")
ROOM = re.compile(r"\b(?:salas?|plano) de \Z")
BETWEEN = re.compile(r"\b(?:entre|between)(?: (?:as?|the))?\s*\Z")

ASKS_WHICH = re.compile(
    rf"\b(?:qual|quais|que|alguma|algumas|outra|outras|nenhuma|cada|toda|todas|qualquer)(?: d?as)? {PORTUGUESE_NOUN}\b"
    r"|\b(?:which|what|any|another|other|every|each|all|some|no)(?: (?:of )?(?:the|our|these))?"
    r" (?:lectures?|class(?:es)?)\b(?! \d)|\bo curso (?:inteiro|todo)\b|\bthe (?:whole|entire) course\b"
)
LOGISTICS = re.compile(
    r"\b(?:tem|ter|tera|teve|havera|houve|haver|ha|tendo|temos|teremos|sem|mata(?:r|ndo)?) aulas?\b"
    r"|\b(?:que horas|horario|sala|salas|presenca|zoom|meet|cancelad\w*|adiad\w*|remarcad\w*|proximas?|que vem)\b"
    r"|\b(?:have|had|is there|there is|there be|was there|any|no|skip|attend|give|giving) (?:a )?(?:class|lecture)\b"
    r"|\b(?:what time|what room|which room|attendance|cancel\w*|postpon\w*|resched\w*|next|upcoming)\b"
)
EVENT = re.compile(
    r"\b(?:provas?|exames?|testes?|p[1-4]|entregas?|entregar|trabalhos?|listas?|seminarios?|prazos?|feriados?|notas?"
    r"|exams?|midterms?|tests?|quiz(?:zes)?|homeworks?|assignments?|deadlines?|projects?|projetos?|holidays?|due|grades?)\b"
)
TEACHES = re.compile(
    r"\b(?:prof(?:a|essora?|essor|essores)?|docente|ele|ela|eles|elas|a gente|nos|voces?|vcs?|se|eu|que|foi|foram)"
    r" (?:nos |me |ja |mais |tambem |nao |so )?(?:falou|falaram|disse|disseram|explicou|explicaram|ensinou|ensinaram"
    r"|comentou|comentaram|apresentou|apresentaram|citou|mencionou|contou|abordou|discutiu|perdi|perdeu|viu"
    r"|dito|ditos?|vist[oa]s?|falad[oa]s?|explicad[oa]s?|dad[oa]s?|ensinad[oa]s?|mostrad[oa]s?|abordad[oa]s?"
    r"|apresentad[oa]s?|discutid[oa]s?|comentad[oa]s?|passad[oa]s?|tratad[oa]s?|coberto|cobert[oa]s?)\b"
    r"|\bprof(?:a|essora?)? (?:\w+ )?(?:deu|passou|mostrou|fez|usou|resolveu|demonstrou|quis dizer)\b"
    r"|\b(?:vimos|aprendemos|perdi|perdemos)\b"
    r"|\bdid (?:the )?(?:prof(?:essor)?|teacher|lecturer|instructor|he|she|they|we|you|i)"
    r" (?:say|explain|cover|talk|mention|teach|discuss|go over|show|present|learn|see|miss|study|do)\b"
    r"|\b(?:prof(?:essor)?|teacher|lecturer|instructor|he|she|they|we|you|i) (?:\w+ly )?"
    r"(?:said|explained|covered|talked|mentioned|taught|discussed|went over|presented|learned|learnt|missed)\b"
    r"|\b(?:was|were) (?:said|explained|covered|talked about|mentioned|taught|discussed|presented|shown)\b"
)
SPEAKS = re.compile(
    r"\b(?:falou|falaram|falado|disse|dito|explicou|explicado|comentou|comentado|mencionou|say|said|explain(?:ed)?"
    r"|mention(?:ed)?|talk(?:ed)?|cover(?:ed)?)\b(?!.*\b(?:sobre|about|on)\b)"
)
COMPARES = re.compile(r"\b(?:diferenc\w*|compar\w*|relac\w*|relat\w*|differ\w*|versus|vs|mud\w*|chang\w*|evolu\w*)\b")

EXCLUDED = re.compile(
    r"\b(?:exceto|menos|fora|tirando|salvo|alem|sem ser|sem contar|em vez|ao inves|except|besides|other than|apart from"
    r"|aside from|not|nao|outside|than|rather than|instead|without|beyond)"
    r"(?: (?:d?[ao]s?|n[ao]s?|de|em|e|era|foi|the|of|in|on|from|for))*\s*\Z"
)
AN_EXAM = r"(?:prova|p[1-4]|exame|teste|exam|midterm|test|quiz)"
BOUNDS = re.compile(
    r"\b(?:(?P<before>antes|before|prior to)|(?P<after>depois|apos|after)|(?P<until>ate|until|till|up to)"
    r"|(?P<since>desde|a partir|since|starting (?:from|at|with|in)))(?: (?:d?[ao]s?|n[ao]s?|de|em|the|dia|of))*"
    rf"(?: {AN_EXAM}(?: (?:d[aeo]s?|n[ao]|em|on|of|in|dia|the))*)?\s*\Z"
)
EXAM = re.compile(
    r"\b(?:antes|ate|before|until|up to)(?: d?[ao]| the)? "
    rf"{AN_EXAM}(?: (?:d[aeo]s?|n[ao]|em|on|of|in|dia))*\s*\Z"
)
ONWARDS = re.compile(r"\s*(?:em diante|pra frente|para frente|onwards?|on\b(?! \w)|and later)")
AFTER_A_NAME = re.compile(r"(?<![\w'’.-])([\w'’.-]+)\s*\Z")
MAY_COME_BEFORE = frozenset(
    """
    a about after also an and are as at before between both by can compare covered covers cover did do does during each
    explain explained explains following for from give gist given has her his how in into is like missed miss more my of
    on or our recap recorded review rewatch same said says see show so summarize summarise summary than that the then
    there this through to us using vs versus was watch watched what what's what’s whats when where where's whether
    which while why with you your please until since question doubt re attended understand understood
    """.split()  # noqa: SIM905 - word lists read better as running text
)
"""What stands before "lecture 5" where no other course's name does: not "Stanford lecture 5"."""

LINK = re.compile(
    r"(?: (?:gravada|inteira|toda|completa|extra|online|recorded|held|given))?"
    r"(?P<preposition>,? \(?(?:d[aeo]s?|n[ao]s?|em|que (?:teve|houve|foi|rolou|aconteceu|tivemos)(?: n[ao]s?| em)?"
    r"|on|of|from|in|during|we had(?: on)?|that was(?: on)?)(?= )| \()?(?: (?:o |the |deste |desse )?(?:dia(?= ))?)?\s*"
)
BEFORE_NOUN = re.compile(
    r"(?:['’]s)? (?:(?:recorded|morning|afternoon|evening|whole) )?|,? (?:n[ao]|em|durante a|nessa|naquela|in|during)"
    r"(?: the| our)? (?=[acl])"
)
JOIN = re.compile(
    r"\s*(?:,|&|\be\b|\bou\b|\band\b|\bor\b|\bvs\b\.?|\bversus\b|\bcom\b|\bwith\b|\bpara\b|\bpra\b|\bto\b)"
    r"(?:\s*\b(?:a|as|o|na|nas|da|das|de|do|dia|no|com|and|the|in|from|on|of|one|aulas?|lectures?|e"
    r"|para|tambem|also)\b)*\s*"
)
THROUGH = re.compile(r"\s*(?:ate a|ate|a|to|through|thru|-|–)\s*(?:(?:aula|lecture) )?")
QUALIFIED = re.compile(
    r"[ ,]*(?P<how>d[aeo]s?|of|from|by|at|sobre|about|on)(?: (?:as?|os?|the|our|this|um|uma|que a|that))*"
    r" (?P<of>[\w'’-]+(?: (?:d[aeo]s?|of|on|by|at|from|in) [\w'’-]+)?(?: [\w'’-]+)?)"
)
OUR_OWN = frozenset(
    """
    professor professora prof profa curso disciplina materia semestre course class term semester dia hoje ontem manha
    tarde noite que it it's him her you
    """.split()  # noqa: SIM905
)
ELSEWHERE = re.compile(
    r"\b(?:youtube|coursera|udemy|edx|khan|mit|stanford|harvard|berkeley|canal|outra turma|turma [a-h]|outro curso"
    r"|outra disciplina|other (?:course|section|class)|(?:another|different) (?:course|section|class)|channel)\b"
)
"""What lectures that are not ours are on, or of."""
OTHER_COURSE = re.compile(
    r"(?:curso|disciplina|materia|course|class|semestre|semester|term)"
    r" (?:d[aeo]s?|on|by|at|of|from|in|passad\w+|anterior|retrasad\w+)\b"
)

NUMBERED = re.compile(
    rf"\b(?P<noun>{NUMBERED_NOUN})\b\.?(?: (?:de )?(?:numero|n[o°.]{{0,2}}|number))? ?[#(]?"
    rf"(?:(?P<digits>\d{{1,3}})(?P<part>[a-d])?|(?<= )(?P<word>{one_of(COUNTS)})\b{ENDS})"
    rf"(?![\w%]|[.,/:^*+=]\d|-[^\W\d])"
    rf"|\b(?P<glued>aula|lecture|lec)(?P<glued_digits>\d{{1,3}})(?![\w%/])"
)
COUNTED = re.compile(rf"{ENDS}|(?! (?:horas?|hrs?|hs|h|min|x|pessoas|people|alunos|students)\b)(?!\s*%)(?! \w+s\b)")
"""After digits: what they do not count."""
NEXT_NUMBER = re.compile(rf"(?P<digits>\d{{1,3}}|{one_of(COUNTS)})(?![\w%/]|[.,:^*-]\d){ENDS}")
PART = re.compile(r",? \(?(?:parte|part|pt\.?) (?P<part>\d|i{1,3}|[a-d])\b\)?")

ARTICLE = r"(?:a|as|na|nas|da|das|pela|nossa|nessa|dessa|essa|minha|the|our|in|from|of)"
ORDERED = re.compile(
    rf"\b(?P<article>{ARTICLE} )?(?P<ordinals>{ORDINAL}(?:(?:,| e| ou| and| or)(?: {ARTICLE})? {ORDINAL})*)"
    r" (?P<noun>aulas?|lectures?)\b(?! (?:extra|de reposicao|de revisao|review))"
)
FIRST = re.compile(
    rf"\b(?:(?P<a>{COUNT}) primeiras aulas|primeiras (?P<b>{COUNT}) aulas|first (?P<c>{COUNT}) lectures)\b"
)
LAST = re.compile(
    rf"\b(?:(?P<a>{COUNT}) ultimas aulas|ultimas (?P<b>{COUNT}) aulas"
    rf"|(?:last|past|most recent|latest) (?P<c>{COUNT}) lectures"
    r"|(?P<second>penultima aula|penultimate lecture"
    r"|(?:second|next)[ -](?:to[ -])?(?:the[ -])?last lecture|last but one lecture)"
    r"|(?P<third>antepenultima aula|third[ -]to[ -]last lecture)"
    r"|(?P<passed>aula passada)"
    r"|(?P<one>ultima aula|aula mais recente|(?:last|latest|most recent|previous week s) lecture))\b(?!s)"
)
SAME_PHRASE = re.compile(r"[ ,(]*(?:d[aeo]s?|n[ao]s?|em|que foi|dia|on|from|of|in)?(?: dia| the)?\s*")
"""Between two ways to name one lecture: "a aula 5, de 12/03"."""
ENGLISH = re.compile(r"\b(?:the|did|what|was|were|he|she|we|they|summar\w+)\b")
LAST_CLASS = re.compile(r"\b(?:the|our|in) last class\b(?= ?(?:[?.,!]|\Z|about\b|when\b))")
