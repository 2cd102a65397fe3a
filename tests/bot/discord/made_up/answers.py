"""Answers that are made up: short, long, with formulas, with moments, of each outcome."""

from dataclasses import replace

from db.records import Answer, AnswerId, CourseId, Hit, Language, LectureId, Outcome, QuestionId, Reference, SegmentId
from services import i18n
from services.answering.replies import Reply
from services.notation.shown import MOST_DRAWN

ANSWERED = "O **gradiente** encolhe a cada passo [1], e a LSTM soma em vez de multiplicar [2]. @everyone"
CODE = "".join(
    f"for passo in range({number}):\n    h = tanh(W @ h + U @ x)  # passo {number}\n" for number in range(45)
)
DRAWN = (r"\frac{\partial L}{\partial w} = \delta_j a_i", r"\binom{n}{k}")
FORMULAS = (
    rf"A taxa $\eta$ multiplica a derivada [1]: $${DRAWN[0]}$$ Os pesos $W_Q$ e \({DRAWN[1]}\) ficam [2], mas"
    r" $\frac{1$ e R$ 5 não são fórmulas."
)
LONG_FORMULAS = tuple(f"x_{{{number}}} = {'a + ' * 146}b" for number in range(MOST_DRAWN))
"""As many as are drawn, each nearly as long as one may be."""
LONG_ANSWER = (
    "O gradiente encolhe a cada passo, porque a regra da cadeia multiplica as derivadas [1].\n\n"
    + "A cada instante a rede multiplica pelo mesmo peso, e o produto tende a zero. " * 8
    + f"\n\nEm código:\n```python\n{CODE}```\n\nA **LSTM** soma em vez de multiplicar [2]."
)
HIT = Hit(
    rank=1,
    segment_id=SegmentId(7),
    lecture_id=LectureId(3),
    lecture="aula-5",
    title="Aula 5: redes [recorrentes]",
    language="pt",
    video_url="https://youtu.be/abc",
    duration_s=600.0,
    start_s=200.0,
    end_s=320.0,
    score=0.84,
    text="O gradiente encolhe até sumir. A LSTM soma em vez de multiplicar. Veja https://evil.example/x",
    cue_offsets=(0, 31, 66),
    cue_starts_s=(210.0, 230.0, 250.0),
)
REFERENCES = (
    Reference(
        number=1, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=208.0,
        end_s=230.0, url="https://youtu.be/abc?t=208", quote="O gradiente encolhe até sumir.",
    ),
    Reference(
        number=2, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=228.0,
        end_s=250.0, url=None, quote="A LSTM soma em vez de multiplicar.",
    ),
)  # fmt: skip


def cited(number: int, title: str, start_s: float, url: str | None) -> Reference:
    return replace(REFERENCES[0], number=number, title=title, start_s=start_s, url=url)


LONG_TITLE = "Aula 12: retropropagação no tempo, gradientes que somem e explodem, e o que portas e atalhos mudam nisso"
MOMENTS = (
    cited(1, LONG_TITLE, 208.0, "https://youtu.be/abc?t=208"),
    cited(2, LONG_TITLE, 4_008.0, "https://youtu.be/abc?t=4008"),
    cited(3, "Aula 2", 75.0, "https://videos.example.org/aula_(2).mp4#t=75"),
    cited(4, "Aula 3", 75.0, "http://videos.example.org/aula-3.mp4#t=75"),
    cited(5, "Aula 4", 75.0, None),
)
MOMENTS_CITED = (
    "A soma preserva o gradiente [1][3]. No intervalo [0, 1) ele encolhe [2], `w[1]` não [4]. Veja também [1] [5]."
)


def text_of(outcome: Outcome, language: Language) -> str:
    match outcome:
        case "answered":
            return ANSWERED
        case "no_material":
            return i18n.text("answer.no_material", language)
        case "needs_staff":
            return i18n.text("answer.needs_staff", language)
        case "failed":
            return i18n.text("answer.failed", language)


def reply(outcome: Outcome, language: Language, text: str | None = None) -> Reply:
    answer = Answer(
        id=AnswerId(11),
        question_id=QuestionId(10),
        course_id=CourseId(2),
        outcome=outcome,
        text=text or text_of(outcome, language),
        failure=None,
        retrieval="hybrid",
        generation_id=None,
        model="fake",
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=5,
    )
    cited = outcome == "answered"
    return Reply(
        question="Por que o gradiente some?", answer=answer, references=REFERENCES if cited else (), hits=(HIT,)
    )


def listed(language: Language) -> Reply:
    """A list of lectures that has more than one page."""
    text = f"{i18n.text('whole.list', language, topic='gradiente')}\n- Aula 5: «Ele encolhe.» [1]"
    more = i18n.text("whole.more_lectures.other", language, count=7)
    shown = reply("answered", language, f"{text}\n\n{more}")
    return replace(shown, answer=replace(shown.answer, model="extractive", intent="list", further=7))
