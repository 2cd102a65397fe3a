"""Take out of a student's words whatever tells who they are, or of whom they speak."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from services.citing.without_links import without_links
from services.words.terms import fold

GAP = "…"
"""Stands where something was taken out."""

DECORATORS = frozenset(
    {
        "abstractmethod", "cache", "cached_property", "classmethod", "dataclass", "lru_cache", "overload", "override",
        "property", "pytest", "staticmethod", "wraps",
    }
)  # fmt: skip
"""What follows an @ in a question about Python and is nobody."""

GIVEN_NAMES = frozenset(
    """
    adriana adriano aline alessandra alessandro alexandre alice aline amanda ana anderson andre andrea andreia andressa
    antonia antonio arthur artur augusto beatriz benedito bernardo bianca breno bruna bruno caio camila carla carlos
    carol carolina caroline catarina cecilia celia celso cintia claudia claudio cristiane cristiano cristina
    daniel daniela daniele danilo davi debora denise diego douglas edson eduarda eduardo elaine eliane elisa elisangela
    emanuel emanuela emerson enzo erica erick estela evandro everton fabiana fabiano fabio fabricio felipe fernanda
    fernando flavia flavio francisca francisco gabriel gabriela geraldo gilberto giovana giovanna giovanni gisele
    guilherme gustavo heitor helena henrique hugo igor ingrid isabel isabela isabella isadora ivan jaqueline
    jefferson jessica joana joao joaquim jonas jonathan jorge jose josiane juliana juliano julio karina katia
    laila lara larissa laura leandro leonardo leticia lilian livia lorena luan luana lucas lucia luciana luciano ludmila
    luis luisa luiz luiza manoel manuel manuela marcela marcelo marcia marcio marcos maria mariana marina mario
    marta mateus matheus mauricio mauro melissa michele michelle miguel milena mirela moises monica murilo natalia
    natasha nathalia nelson nicolas nicole olivia otavio pamela patricia paula paulo pedro priscila rafael rafaela
    raimundo raquel raul rayssa rebeca regina reginaldo renan renata renato ricardo roberta roberto rodrigo rogerio
    ronaldo rosana rosangela sabrina samuel sandra sandro sara sebastiao sergio silvana silvia simone sofia solange
    sonia sophia stephanie suelen suzana talita tamires tania tatiana tatiane thais thiago tiago valdir valentina
    valeria vanessa vania veronica victoria vicente victor vinicius vitor viviane wagner wellington wesley william
    yago yasmin yuri
    alexander andrew anna anthony ashley benjamin brandon brian charles christopher david edward elizabeth emily emma
    ethan george hannah jacob james jennifer john joseph joshua katherine kevin madison margaret mary matthew
    michael nancy olivia patrick peter rachel richard robert ryan samantha sarah stephen steven susan thomas
    """.split()  # noqa: SIM905 - a list of words reads better as running text
)
"""
Folded, without those that are words or things of a course as well, such as Adam, Clara, Iris, Julia and Linda: these
are taken for names where the sentence says so, or beside a family name.
"""

FAMILY_NAMES = frozenset(
    """
    abreu aguiar albuquerque almeida alves andrade andrews araujo azevedo barbosa barros batista bezerra borges brito
    campos cardoso carvalho castro cavalcante cavalcanti coelho correia correa coutinho cunha davis duarte farias
    fernandes ferreira figueiredo fonseca freitas garcia gomes goncalves guimaraes johnson jones lima lopes macedo
    machado magalhaes maia marques martinez martins medeiros melo mendes miranda monteiro moraes morais moreira moura
    nascimento nogueira nunes oliveira pacheco peixoto pereira pinheiro pinto pires queiroz ramos rezende ribeiro rocha
    rodrigues sampaio santana santiago santos silva silveira siqueira smith soares sousa souza tavares teixeira torres
    vasconcelos vieira williams xavier
    """.split()  # noqa: SIM905 - a list of words reads better as running text
)
"""Folded; they count beside another word of a name, never alone."""

PARTICLES = frozenset({"da", "das", "de", "di", "do", "dos", "e", "van", "von"})

_NOT_A_NAME = (
    "A|As|Can|Como|Could|De|Do|Does|Em|Esse|Essa|Esta|Este|Eu|How|I|Is|Isso|Na|Nas|No|Nos|N[ãa]o|O|Onde|Os|Para|Por|Posso"
    "|Pode|Pq|Pra|Preciso|Quais|Qual|Quando|Quanto|Quem|Que|Queria|Se|Sobre|Tem|Tenho|The|Um|Uma|Vai|What|When|Where|Which|Why"
)
_CAPITAL = rf"(?!(?:{_NOT_A_NAME})\b)(?-i:[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ][\w'’-]*|[A-Z]\.)"
_CAPITALS = rf"{_CAPITAL}(?: (?:(?:da|das|de|do|dos|e|van|von) )?{_CAPITAL}){{0,4}}"
_WORD = r"[^\W\d_][\w'’-]*"
_GOES_ON = (
    r"(?!(?:a|as|com|como|e|em|estou|eu|gostaria|mas|na|no|n[ãa]o|o|os|para|por|pq|pra|preciso|qual|quando|que|queria"
    rf"|quero|se|sou|tenho|and|but|can|how|i|what|why)\b){_WORD}"
)
"""A word of a name in lower case."""
_DOT = r"(?:\.|[\[({]? ?\b(?:dot|ponto)\b ?[\])}]?)"
_AT = r"(?:@|[\[({] ?at? ?[\])}]|[\[({]? ?\barroba\b ?[\])}]?)"

_REMOVED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:https?|ftp|file|mailto|tel|discord):/{0,3}\S+|\bwww\.\S+", re.IGNORECASE), GAP),
    (re.compile(rf"(?<![@\w.+%-])[\w.+%-]+ ?{_AT} ?[\w-]+(?: ?{_DOT} ?[\w-]+)+", re.IGNORECASE), GAP),
    (re.compile(r"\b(?:[\w-]+\.)+(?:com|net|org|gg|me|br|io|edu|gov)(?:/\S*)?(?!\w)", re.IGNORECASE), GAP),
    (re.compile(r"<(?:@[!&]?|#|id:)\w*>?|<a?:\w+:\d+>|<t:-?\d+(?::\w)?>|</[^:<>]+:\d+>"), GAP),
    (re.compile(r"\b[\w.]{2,32}#\d{4}\b"), GAP),
    (re.compile(r"(/home/|/Users/|\\Users\\)[^\s/\\:\"']+", re.IGNORECASE), rf"\g<1>{GAP}"),
    # A number that is said to be somebody's.
    (
        re.compile(
            r"\b(?:r\.?a\.?|n\.?º? ?usp|nusp|matr[íi]cula|registro(?: acad[êe]mico)?|cpf|rg|prontu[áa]rio"
            r"|inscri[çc][ãa]o|student (?:id|number)|id)(?: (?:é|e|is|n[º°o]?\.?|n[úu]mero))?\s*[:#=-]?\s*"
            r"(?=[a-z]?(?:\d[ ./-]?){3})[a-z]?\d[\w./-]*(?: \d[\w./-]*)*",
            re.IGNORECASE,
        ),
        GAP,
    ),
    (re.compile(r"(?<!\d)\d{3}[. ]\d{3}[. ]\d{3}[-. ]?\d{2}(?!\d)|(?<!\d)\d{1,2}\.\d{3}\.\d{3}-[\dxX](?!\w)"), GAP),
    # Eight digits and more in groups; two years side by side are none.
    (
        re.compile(
            r"(?<![\w.,/)+-])(?<!\) )\+?(?!(?:19|20)\d\d[ /.-](?:19|20)\d\d(?![\d ./-]*\d))(?=(?:\d[ ./-]?){8})"
            r"\d+(?:[ ./-]\d+)*(?![\w,])"
        ),
        GAP,
    ),
    # Telephones; two years side by side are none.
    (
        re.compile(
            r"(?<![\w.,])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,3}\) ?|\d{2}[ .-])?(?:9 ?)?"
            r"(?!(?:19|20)\d\d[ -](?:19|20)\d\d(?!\d))\d{4,5}[ .-]\d{4}(?!\d)"
        ),
        GAP,
    ),
    (re.compile(r"\(\d{2}\) ?\d{4,}|\+\d[\d ().-]{7,}\d"), GAP),
    # Any other long number; a round one is a quantity, and so is one with a decimal point.
    (re.compile(r"(?<![\d.,])(?!\d0+(?!\d))\d{5,}(?:[-/][\dxX]+)?(?!\d)(?![.,]\d)"), GAP),
    (
        re.compile(
            r"\b(?:meu nome (?:completo )?(?:é|e)|me chamo|my (?:full )?name(?: is|['’]s)):? "
            rf"(?:{_CAPITALS}|{_WORD}(?: {_GOES_ON}){{0,3}})",
            re.IGNORECASE,
        ),
        GAP,
    ),
    (
        re.compile(
            r"\b(?:aqui|quem fala|quem pergunta) (?:quem fala )?(?:é|e)(?: [oa])? "
            rf"(?:{_CAPITALS}|{_WORD}(?: {_GOES_ON}){{0,3}}(?=[,.;:!?]))",
            re.IGNORECASE,
        ),
        GAP,
    ),
    (re.compile(rf"\b(?:(?:eu )?sou(?: [oa])?|i am|i['’]m) {_CAPITALS}", re.IGNORECASE), GAP),
    (
        re.compile(
            rf"\b(?:att|atte|atenciosamente|abs|abraços?|assinado|ass|regards|cheers)\b[.,:;! -]*(?:{_WORD} ?){{1,4}}$",
            re.IGNORECASE,
        ),
        "",
    ),
    (
        re.compile(
            rf"\b(prof|profa|profº|profª|professora?|dra?|doutora?|mestre|mr|mrs|ms|colega|alun[oa]|monitora?)\b(\.?) "
            rf"{_CAPITALS}",
            re.IGNORECASE,
        ),
        rf"\1\2 {GAP}",
    ),
)  # fmt: skip
_HANDLE = re.compile(r"(?<![\w.)\]])@([\w.]+)")
_WORDS = re.compile(_WORD)
_CAPITALISED = re.compile(_CAPITAL, re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?:…])\W*$")
_ARTICLE = re.compile(
    r"\b(?:(?:aqui|quem fala|(?:eu )?sou|i am|i['’]m|this is)(?: (?:é|e))?(?: [oa])?|[oa]) $", re.IGNORECASE
)
"""What introduces a name, and goes with it."""
_GAPS = re.compile(
    rf"{GAP}(?:[\s,;:.|/()-]*(?:\b(?:e|and|ou|tel|telefone|whats|zap|e-?mail|fone|cel)\b)?[\s,;:.|/()-]*{GAP})+",
    re.IGNORECASE,
)
LONGEST = 1_000
"""Characters that are looked at; more of a question is never shown."""
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})


def anonymous(text: str) -> str:
    """
    Return *text* on one line, without names, mentions, addresses, telephones and numbers that stand for a person.

    Names are known by how they are introduced, by a title before them, or from lists of common ones. A rare name in
    lower case that nothing introduces is not recognised, so what is shown must not rest on this alone.

    >>> anonymous("Oi, sou a Maria Silva, RA 123456. Por que o gradiente some?")
    'Oi, … Por que o gradiente some?'
    """
    plain = _visible(text)
    for pattern, replacement in _REMOVED:
        plain = pattern.sub(replacement, plain)
    plain = _HANDLE.sub(lambda handle: handle[0] if handle[1] in DECORATORS else GAP, without_links(plain))
    plain = _GAPS.sub(GAP, _without_names(plain))
    return " ".join(re.sub(rf"{GAP}\s*[,;.]+", GAP, plain).split())


def capitalised(text: str) -> set[str]:
    """
    Return the words of *text* that begin with a capital inside a sentence, folded: those that may be names.

    >>> capitalised("Por que o Zuleido usa a LSTM?")
    {'zuleido'}
    """
    inside = (match for match in _CAPITALISED.finditer(text) if not _BEGINS.search(text[: match.start()]))
    return {fold(match[0]) for match in inside}


def _visible(text: str) -> str:
    """Return what a reader sees: no invisible characters inside a number, no look-alikes of @ and digits, one line."""
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0]
    kept = (one for one in text if one.isspace() or unicodedata.category(one) not in UNSEEN)
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).replace(GAP, "...").split())


def _without_names(text: str) -> str:
    parts, at = list[str](), 0
    for start, end in _names(text):
        parts += [_ARTICLE.sub("", text[at:start]), GAP]
        at = end
    return "".join([*parts, text[at:]])


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand: a common given name, or a capitalised word before a family name, and what follows."""
    words = list(_WORDS.finditer(text))
    at = 0
    while at < len(words):
        end = _end_of_name(words, at, text)
        if end > at:
            yield words[at].start(), words[end - 1].end()
        at = max(end, at + 1)


def _end_of_name(words: Sequence[re.Match[str]], at: int, text: str) -> int:
    """Return the index after the last word of the name that begins at *at*, or *at* where none begins."""
    end, known = at + 1, fold(words[at][0]) in GIVEN_NAMES
    if not known and not _CAPITALISED.match(words[at][0]):
        return at
    while (follows := _next_of_name(words, end, text)) > end:
        known = known or fold(words[follows - 1][0]) in FAMILY_NAMES
        end = follows
    return end if known else at


def _next_of_name(words: Sequence[re.Match[str]], at: int, text: str) -> int:
    """Return the index after the next word of a name, with the particle before it, or *at* where the name is over."""
    for end in (at + 1, at + 2):
        if end > len(words) or text[words[end - 2].end() : words[end - 1].start()] != " ":
            return at
        word = words[end - 1][0]
        if fold(word) in FAMILY_NAMES or fold(word) in GIVEN_NAMES or _CAPITALISED.match(word):
            return end
        if fold(word) not in PARTICLES:
            return at
    return at
