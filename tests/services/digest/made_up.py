"""Digests that no course has had: a believable one, an empty one, and one in which every text means harm."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from db.records import Course, CourseId
from services.digest.posting.weeks import period
from services.digest.report import (
    Agreement,
    ChapterHeat,
    Cost,
    Digest,
    Figure,
    LectureHeat,
    Minute,
    Place,
    Relevance,
    ReviewFigures,
    Topic,
    Tries,
)
from services.ground.faults import Faults

ZONE = ZoneInfo("America/Sao_Paulo")
COURSE = Course(id=CourseId(2), slug="redes", title="Redes Neurais e Aprendizado Profundo", language="pt-BR")
TITLES = (
    "Aula 1: O neurônio e o perceptron",
    "Aula 2: Funções de ativação",
    "Aula 3: Gradiente descendente",
    "Aula 4: Retropropagação passo a passo",
    "Aula 5: Inicialização e normalização",
    "Aula 6: Regularização, dropout e parada antecipada",
    "Aula 7: Redes convolucionais",
    "Aula 8: Arquiteturas profundas e conexões residuais",
    "Aula 9: Redes recorrentes e o gradiente que some",
    "Aula 10: LSTM e GRU",
    "Aula 11: Atenção e Transformers",
    "Aula 12: Treinar modelos grandes na prática",
)
MINUTES = (74, 81, 92, 97, 68, 88, 95, 79, 102, 84, 110, 61)
MOST_CITED = (9, 11, 4, 10, 3, 7, 8, 6, 2, 5, 1, 12)
"""The numbers of the lectures, most cited first."""
CHAPTERS = (
    ("Avisos e revisão da última aula", 0.0),
    ("O problema, com um exemplo pequeno", 0.07),
    ("A conta inteira no quadro, passo a passo", 0.19),
    ("Por que multiplicar tantas vezes faz o sinal sumir", 0.38),
    ("O que fazem as portas", 0.52),
    ("Código: do zero até treinar", 0.66),
    ("Erros comuns de quem implementa pela primeira vez", 0.83),
    ("Perguntas", 0.94),
)
"""Titles, and where each begins, as a share of the lecture."""


def chapters(lecture: int, cited: dict[int, int]) -> tuple[ChapterHeat, ...]:
    """The chapters of a lecture; the last one has no map."""
    if lecture == len(TITLES):
        return ()
    length_s = MINUTES[lecture - 1] * 60.0
    ends = [*(share for _, share in CHAPTERS[1:]), 1.0]
    return tuple(
        ChapterHeat(
            title=title,
            start_s=start * length_s,
            end_s=end * length_s,
            cited=sum(count for minute, count in cited.items() if start * length_s <= minute * 60 < end * length_s),
            url=video(lecture, start * length_s),
        )
        for (title, start), end in zip(CHAPTERS, ends, strict=True)
    )


def chapter_of(lecture: int, start_s: float) -> str | None:
    found = [one.title for one in chapters(lecture, {}) if one.start_s <= start_s]
    return found[-1] if found else None


def video(lecture: int, start_s: float) -> str:
    return f"https://www.youtube.com/watch?v=aula{lecture:02}&t={start_s:.0f}"


def place(lecture: int, start_s: float, citations: int, *, has_video: bool = True) -> Place:
    url = video(lecture, start_s) if has_video else None
    return Place(
        lecture_id=lecture,
        lecture=TITLES[lecture - 1],
        start_s=start_s,
        url=url,
        citations=citations,
        chapter=chapter_of(lecture, start_s),
    )


def heat(lecture: int, rank: int) -> LectureHeat:
    """A lecture of which one passage or two are cited much and a few others now and then."""
    length = MINUTES[lecture - 1]
    cited: dict[int, int] = {}
    for step in range(14 - rank):
        minute = (lecture * 17 + step * step * 5 + step * 3) % length
        cited[minute] = cited.get(minute, 0) + 1 + (step % 3 == 0)
    peak = (lecture * 23) % (length - 6)
    for offset, more in enumerate((2, 6, 9, 4, 1)):
        cited[peak + offset] = cited.get(peak + offset, 0) + max(0, more - rank // 2)
    minutes = tuple(
        Minute(
            minute=minute,
            cited=count,
            voted_down=count // 3 if minute % 4 == 1 else 0,
            url=video(lecture, minute * 60),
        )
        for minute, count in sorted(cited.items())
        if count
    )
    return LectureHeat(
        title=TITLES[lecture - 1],
        duration_s=length * 60.0 - 17,
        minutes=minutes,
        chapters=chapters(lecture, cited),
    )


TOPICS = (
    Topic(
        title="Por que o gradiente some em redes recorrentes",
        examples=(
            "Por que o gradiente some quando a sequência é longa?",
            "não entendi pq multiplicar pela mesma matriz faz o gradiente virar zero",
            "O que muda no gradiente quando uso tanh em vez de ReLU na RNN?",
        ),
        questions=23,
        askers=14,
        outcomes={"answered": 21, "no_material": 1, "failed": 1},
        relevance=0.71,
        voted_down=5,
        places=(place(9, 2_531, 17), place(9, 3_122, 6), place(10, 412, 5)),
    ),
    Topic(
        title="Query, key e value na atenção",
        examples=(
            "Qual a diferença entre query, key e value?",
            "de onde vêm as matrizes Q, K e V, são pesos treinados?",
        ),
        questions=18,
        askers=11,
        outcomes={"answered": 18},
        relevance=0.88,
        voted_down=1,
        places=(place(11, 1_507, 14), place(11, 1_688, 8)),
    ),
    Topic(
        title="Retropropagação com softmax e entropia cruzada",
        examples=(
            "Como chega em ŷ − y na derivada da entropia cruzada com softmax?",
            "A derivada do softmax é uma matriz? por quê?",
        ),
        questions=15,
        askers=9,
        outcomes={"answered": 13, "no_material": 2},
        relevance=0.58,
        voted_down=6,
        places=(place(4, 3_340, 9), place(3, 4_102, 3, has_video=False)),
    ),
    Topic(
        title="Dropout no treino e no teste",
        examples=("O dropout fica ligado na hora de testar?", "por que dividir por 1 − p no dropout invertido?"),
        questions=9,
        askers=7,
        outcomes={"answered": 9},
        relevance=0.93,
        voted_down=0,
        places=(place(6, 1_864, 8),),
    ),
    Topic(
        title="Tamanho do lote e taxa de aprendizado",
        examples=("Se eu dobro o batch, tenho que dobrar a taxa de aprendizado?",),
        questions=6,
        askers=4,
        outcomes={"answered": 5, "no_material": 1},
        relevance=None,
        voted_down=0,
        places=(place(12, 1_225, 4), place(3, 2_710, 2)),
    ),
)
GAPS = (
    Topic(
        title="Como instalar CUDA para o trabalho 2",
        examples=(
            "Como instalo o CUDA no notebook da universidade?",
            "torch.cuda.is_available() dá False, o que faço?",
        ),
        questions=8,
        askers=6,
        outcomes={"no_material": 8},
        relevance=None,
        voted_down=2,
        places=(),
    ),
    Topic(
        title="Codificação posicional rotativa (RoPE)",
        examples=("O que é RoPE e por que os modelos novos usam?",),
        questions=4,
        askers=3,
        outcomes={"no_material": 3, "answered": 1},
        relevance=None,
        voted_down=0,
        places=(place(11, 4_820, 1),),
    ),
)

FOR_STAFF = (
    Topic(
        title="Que dia é a prova?",
        examples=("A p1 é na semana que vem?", "O que cai na prova?"),
        questions=11,
        askers=9,
        outcomes={"needs_staff": 10, "no_material": 1},
        relevance=None,
        voted_down=0,
        places=(),
    ),
)

BELIEVABLE = Digest(
    course=COURSE,
    period=period("2026-W47", ZONE),
    questions=Figure(value=142, before=118),
    askers=Figure(value=61, before=57),
    outcomes={
        "answered": Figure(value=124, before=101),
        "no_material": Figure(value=12, before=13),
        "needs_staff": Figure(value=4, before=2),
        "failed": Figure(value=2, before=2),
    },
    answered_share=Figure(value=124 / 142, before=101 / 118, n=142),
    seconds_median=Figure(value=3.4, before=3.1, n=140),
    seconds_p95=Figure(value=11.8, before=9.6, n=140),
    relevance=Relevance(
        scores=(6, 9, 20, 63),
        mean=Figure(value=0.81, before=0.84, n=98),
        failed={"timeout": 3, "parse_error": 2},
        without_reason=1,
        unjudged=21,
    ),
    thumbs_up=Figure(value=47, before=39),
    thumbs_down=Figure(value=15, before=9),
    staff_labels={"C": 11, "P": 6, "I": 4},
    agreement=Agreement(n=21, share=0.762, low=0.549, high=0.894, kappa=0.55, warning="few"),
    faults=Faults(
        weak=14,
        n=9,
        missing=1,
        undrawn=4,
        search=4,
        answer=5,
        search_share=4 / 9,
        interval=(0.189, 0.733),
        weighted_share=None,
    ),
    review=ReviewFigures(
        opened=Figure(value=19, before=14),
        settled=Figure(value=16, before=15),
        median_settle_s=Figure(value=15_900, before=22_000, n=16),
        open_now=5,
        oldest_open_s=270_000,
    ),
    verified_written=Figure(value=4, before=1),
    verified_used=Figure(value=9, before=3),
    cost=Cost(tokens_in=1_284_300, tokens_out=96_420, uncounted=3, money=3.17, currency="USD"),
    topics=TOPICS,
    gaps=GAPS,
    for_staff=FOR_STAFF,
    small_topics=9,
    small_questions=12,
    least_askers=3,
    lectures=tuple(heat(lecture, rank) for rank, lecture in enumerate(MOST_CITED)),
    tries={
        "simpler": Tries(count=14, topic=TOPICS[0].title),
        "example": Tries(count=6, lecture=TITLES[10]),
        "other": Tries(count=1),
    },
)

NOTHING = Figure(value=0, before=118)
UNKNOWN = Figure(value=None)
EMPTY = replace(
    BELIEVABLE,
    questions=NOTHING,
    askers=Figure(value=0, before=57),
    outcomes={},
    answered_share=UNKNOWN,
    seconds_median=UNKNOWN,
    seconds_p95=UNKNOWN,
    relevance=Relevance(scores=(0, 0, 0, 0), mean=UNKNOWN, failed={}, without_reason=0, unjudged=0),
    thumbs_up=NOTHING,
    thumbs_down=NOTHING,
    staff_labels={},
    agreement=Agreement(n=0, share=None, low=None, high=None, kappa=None, warning="few"),
    review=ReviewFigures(opened=NOTHING, settled=NOTHING, median_settle_s=UNKNOWN, open_now=0, oldest_open_s=None),
    verified_written=NOTHING,
    verified_used=NOTHING,
    cost=Cost(tokens_in=0, tokens_out=0, uncounted=0, money=None, currency=None),
    topics=(),
    gaps=(),
    for_staff=(),
    small_topics=0,
    small_questions=0,
    lectures=(),
    tries={},
)

FIRST = replace(
    EMPTY,
    questions=Figure(value=1),
    askers=Figure(value=1),
    outcomes={"answered": Figure(value=0), "no_material": Figure(value=1)},
    answered_share=Figure(value=0.0, n=1),
    thumbs_up=Figure(value=0),
    thumbs_down=Figure(value=0),
    review=ReviewFigures(
        opened=Figure(value=0), settled=Figure(value=0), median_settle_s=UNKNOWN, open_now=0, oldest_open_s=None
    ),
    verified_written=Figure(value=0),
    verified_used=Figure(value=0),
    small_topics=1,
    small_questions=1,
)
"""The first week of a course: nothing was before, and next to nothing is known."""

LATE = replace(BELIEVABLE, period=period("2026-W47", ZONE, weeks=3))
"""After an outage of two weeks."""

EVIL = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> @everyone <@&42> [x](http://evil.example) "
    "https://evil.example/x \u202egnp.exe\u202c \u2067שלום\u2069 $\\frac{1}{0}$ {{ 7 * 7 }} {course}\r\n"
    "Bcc: all@evil.example\n# Aviso\n||x|| ``` "
)
LONG = EVIL + "muito " * 60


def hostile_topic(number: int) -> Topic:
    return Topic(
        title=f"{number} {LONG}"[:300],
        examples=(LONG, EVIL, "x" * 1_000),
        questions=10_000 - number,
        askers=9_000,
        outcomes={"answered": 9_000, "no_material": 500, "needs_staff": 400, "failed": 100},
        relevance=0.5,
        voted_down=4_000,
        places=tuple(
            Place(
                lecture_id=1,
                lecture=LONG,
                start_s=36_000.5,
                url='javascript:alert(1)//"' if odd else "https://video.example/a(b)?x=%22&y=" + "z" * 400,
                citations=4_321,
                chapter=LONG,
            )
            for odd in (False, True, False)
        ),
    )


def hostile_lecture(number: int) -> LectureHeat:
    minutes = tuple(
        Minute(minute=minute, cited=minute % 12 + 1, voted_down=minute % 3, url='data:text/html,"><script>')
        for minute in range(0, 180, 2)
    )
    chapters = tuple(
        ChapterHeat(title=f"{at} {LONG}"[:200], start_s=at * 20.0, end_s=at * 20.0 + 20, cited=at, url="javascript:x")
        for at in range(12)
    )
    return LectureHeat(title=f"{number} {LONG}"[:300], duration_s=10_800.0, minutes=minutes, chapters=chapters)


HOSTILE = replace(
    BELIEVABLE,
    course=replace(COURSE, title=LONG[:300]),
    cost=replace(BELIEVABLE.cost, currency="<b>$</b>"),
    relevance=replace(BELIEVABLE.relevance, failed={"<script>": 7, "timeout": 1}),
    topics=tuple(map(hostile_topic, range(20))),
    gaps=tuple(map(hostile_topic, range(20, 40))),
    for_staff=tuple(map(hostile_topic, range(40, 46))),
    lectures=tuple(map(hostile_lecture, range(40))),
    tries={
        "simpler": Tries(count=40_000, topic=LONG),
        "example": Tries(count=4, lecture=LONG),
        "other": Tries(count=4, topic=EVIL),
    },
)
