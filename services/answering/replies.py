"""Tell what may be shown of a stored answer: to its asker, and to staff who are to settle it."""

from dataclasses import dataclass, replace

from psycopg import AsyncConnection

from db import answers, course_settings, scopes, verified
from db.records import Answer, AnswerScope, CourseId, Hit, QuestionId, Reference, Showing
from services.answering.released import Mark, News, news, released
from services.notation.shown import to_draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    What may be shown of an answer now, and nothing else; the marks in its text number *references*.

    Where nothing may be shown, the text is empty, and *mark* says why.
    """

    question: str
    answer: Answer
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]
    mark: Mark | None = None
    news: News | None = None  # of words that staff have verified
    may_be_seen: bool = True
    showing: Showing | None = None  # where it is to stand, as that was before the reply was read; None: not in Discord
    scope: AnswerScope | None = None  # the lectures that the question named
    formulas: tuple[str, ...] = ()  # that belong on a picture, as LaTeX; none where the course wants no pictures

    @property
    def may_be_voted_on(self) -> bool:
        return self.may_be_seen and self.answer.outcome != "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An answer for the eyes of staff alone: its words, whether or not they may be shown to others."""

    question: str
    answer: Answer
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]


async def reply_to(
    conn: AsyncConnection, course: CourseId, question: QuestionId, text: str, showing: Showing | None = None
) -> Reply | None:
    """Return what may be shown of the answer that is stored for a question."""
    answer = await answers.of_question(conn, course=course, question=question)
    state = await answers.state(conn, course=course, answer=answer.id) if answer else None
    if answer is None or state is None:
        return None
    release = released(state)
    if release.words == "none":
        unseen = replace(answer, text="", failure=None)
        return Reply(
            question=text,
            answer=unseen,
            references=(),
            hits=(),
            mark=release.mark,
            may_be_seen=False,
            showing=showing,
        )
    words, references = await _words(conn, answer, state, of_staff=release.words == "staff")
    return Reply(
        question=text,
        answer=words,
        references=references,
        hits=tuple(await answers.hits(conn, course=course, answer=answer.id, sees_all=False)),
        mark=release.mark,
        news=news(state, answer.text) if release.mark and release.mark.kind == "verified" else None,
        showing=showing,
        scope=await _scope(conn, answer, of_staff=release.words == "staff"),
        formulas=await _formulas(conn, course, words.text),
    )


async def _scope(conn: AsyncConnection, answer: Answer, *, of_staff: bool) -> AnswerScope | None:
    """Return the lectures that the question named; words of staff ask nothing back, whatever was asked before."""
    scope = await scopes.of_answer(conn, course=answer.course_id, answer=answer.id)
    return None if scope and of_staff and scope.kind != "within" else scope


async def _formulas(conn: AsyncConnection, course: CourseId, text: str) -> tuple[str, ...]:
    found = to_draw(text)
    return found if found and await course_settings.draws_formulas(conn, course) else ()


async def examine(conn: AsyncConnection, course: CourseId, question: QuestionId, text: str) -> Examined | None:
    """Return an answer in the words that staff are to settle: theirs where some are in force."""
    answer = await answers.of_question(conn, course=course, question=question)
    state = await answers.state(conn, course=course, answer=answer.id) if answer else None
    if answer is None or state is None:
        return None
    words, references = await _words(conn, answer, state, of_staff=state.words_id is not None and not state.is_retired)
    hits = tuple(await answers.hits(conn, course=course, answer=answer.id))
    return Examined(question=text, answer=words, references=references, hits=hits)


async def _words(
    conn: AsyncConnection, answer: Answer, state: answers.State, *, of_staff: bool
) -> tuple[Answer, tuple[Reference, ...]]:
    """Return an answer in its own words or in those of staff, with the moments that they cite."""
    course = answer.course_id
    if of_staff and state.words_id is not None and state.words is not None:
        cited = await verified.references(conn, course=course, verified=state.words_id)
        return replace(answer, outcome="answered", text=state.words), tuple(cited)
    return answer, tuple(await answers.references(conn, course=course, answer=answer.id))
