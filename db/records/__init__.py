"""The rows Monitoria keeps, as frozen records."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NewType

CourseId = NewType("CourseId", int)
LectureId = NewType("LectureId", int)
TranscriptId = NewType("TranscriptId", int)
SegmentId = NewType("SegmentId", int)
GenerationId = NewType("GenerationId", int)
QuestionId = NewType("QuestionId", int)
AnswerId = NewType("AnswerId", int)
JobId = NewType("JobId", int)
JudgementId = NewType("JudgementId", int)
ItemId = NewType("ItemId", int)
VerifiedId = NewType("VerifiedId", int)
RunId = NewType("RunId", int)
ConfigurationId = NewType("ConfigurationId", int)
RulesId = NewType("RulesId", int)
ShowingId = NewType("ShowingId", int)

Language = Literal["pt-BR", "en"]
"""A language that Monitoria speaks; lectures may be in any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course, the wall that every question and every row of content stays behind."""

    id: CourseId
    slug: str
    title: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One caption: what is said between two moments of the video."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lecture:
    """One recorded lecture, known outside by its *slug* (the manifest's `id`)."""

    id: LectureId
    course_id: CourseId
    slug: str
    title: str
    language: str  # BCP 47 as the manifest gave it: "pt", "pt-BR", "en", "ko", …
    video_url: str | None
    held_on: date | None
    duration_s: float | None
    released_at: datetime | None  # None: released from the start
    source: str  # the file it was read from
    transcript_id: TranscriptId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureFacts:
    """What a lecture is called by; it is taken in, not withdrawn, and released."""

    id: LectureId
    slug: str
    title: str
    held_on: date | None


ScopeKind = Literal["within", "one_of", "nowhere"]
"""A question of these lectures, of one of them (only its asker knows which), or of one that there is not."""

IntentKind = Literal["comparison", "list", "overview", "missed"]
"""
What a question asks for that is more than an answer.

Both sides of a comparison, the lectures that speak of something, a lecture as a whole, or lectures that were missed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerScope:
    """Which lectures a question named, in the order of the course; of `nowhere`, the nearest that there are."""

    kind: ScopeKind
    lectures: tuple[LectureFacts, ...]
    numbers: tuple[int, ...] = ()  # of each as it was listed, from 1: some may have gone since; none: all are there

    def numbered(self, number: int) -> LectureFacts | None:
        """Return the lecture that was listed under *number*, if students may still know of it."""
        return dict(zip(self.numbers or range(1, len(self.lectures) + 1), self.lectures, strict=True)).get(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """All vectors that one model made in one way; exactly one generation serves at a time."""

    id: GenerationId
    backend: str
    model: str
    revision: str
    dimension: int
    query_prefix: str
    passage_prefix: str
    piece_tokens: int | None  # how long the pieces are that passages are cut into; None: as long as the model reads
    state: Literal["building", "serving", "retired"]
    dense_weights: dict[str, float]  # language of the question, "*" or "other", to the weight of the dense leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One segment that a search found, with all that is needed to cite a moment inside it."""

    rank: int  # 1, 2, 3, …
    segment_id: SegmentId
    lecture_id: LectureId
    lecture: str  # the lecture's slug
    title: str
    language: str  # two-letter code, whatever tag the lecture has
    video_url: str | None
    duration_s: float | None
    start_s: float
    end_s: float
    score: float | None  # cosine in [-1, 1]; None where the segment or the search has no vector
    text: str
    cue_offsets: tuple[int, ...]  # where each cue begins in the text, in characters, ascending from 0
    cue_starts_s: tuple[float, ...]  # when each of those cues begins in the video


Outcome = Literal["answered", "no_material", "needs_staff", "failed"]
RetrievalMode = Literal["hybrid", "lexical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One moment of one lecture, numbered as the answer's text numbers it."""

    number: int  # 1, 2, 3, … in order of first mention, at most 5
    segment_id: SegmentId
    lecture: str
    title: str
    start_s: float
    end_s: float
    url: str | None  # opens the video at start_s, where the host allows it; None: the lecture has no video
    quote: str  # words of the lecture that support the citing sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to one question, and from what."""

    id: AnswerId
    question_id: QuestionId
    course_id: CourseId
    outcome: Outcome
    text: str
    failure: str | None
    retrieval: RetrievalMode
    generation_id: GenerationId | None
    model: str
    prompt_id: str | None
    prompt_sha256: str | None
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int
    held: "Held" = "no"
    intent: IntentKind | None = None  # None: the question asked for an answer
    further: int = 0  # moments, or lectures, that there are beyond those that it cites


Again = Literal["simpler", "example", "other"]
"""Another try at an answer: in simpler words, by an example of the lectures, from another moment of theirs."""

AnswersWhen = Literal["mention", "every", "forum", "off"]
"""When a bound channel is answered: on mention, at every question, at each forum post, never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """What a course decides for itself."""

    course_id: CourseId
    guild_id: int | None  # the Discord server that the course belongs to
    staff_channel_id: int | None
    staff_role_ids: tuple[int, ...]
    person_hourly: int  # questions that one person may ask in any 60 minutes
    course_daily: int  # questions that the whole course may ask in any 24 hours
    holds: tuple[Outcome, ...] = ()  # answers that wait for the approval of staff
    draws_formulas: bool = True  # as pictures, where Unicode would lose something
    release_channel_id: int | None = None  # where a card tells of released lectures; None: nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A channel, forum or category of Discord, and the course that it belongs to."""

    channel_id: int
    guild_id: int
    course: Course
    answers: AnswersWhen
    bound_at: datetime  # to this course


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the answer to a question goes: under a message, or to the command that asked."""

    guild_id: int | None  # None in direct messages
    channel_id: int
    message_id: int | None  # the message that asked; None for a command
    token: str | None  # of the command, good for 15 minutes
    is_private: bool
    language: Language  # of the words around the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """Another try at an answer that was made before."""

    question_id: QuestionId
    source_id: str | None
    is_lost: bool  # it could not be delivered
    is_delivered: bool
    is_private: bool
    guild_id: int | None  # where it stands
    channel_id: int | None
    message_id: int | None  # the first one; None: none is there, as far as is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A question's way back to its asker."""

    question_id: QuestionId
    answer_id: AnswerId | None  # None while it is being written
    course: Course
    question: str
    source_id: str
    asker_key: str | None
    lecture_id: LectureId | None
    follows: QuestionId | None
    again: "Again | None"  # another try at the answer to *follows*
    age_s: float
    destination: Destination  # its token is None once expired
    nonce: str  # of the messages with the answer
    is_delivered: bool


ShowingKind = Literal["reply", "share", "notice"]
"""The answer where it was asked for, a copy of a private one for all, or the word that it was corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One place where an answer stands, as one or more messages."""

    id: ShowingId
    question_id: QuestionId
    course_id: CourseId
    kind: ShowingKind
    nonce: str  # with a message's number, the nonce of its send
    guild_id: int | None  # None in direct messages
    channel_id: int
    reply_to: int | None  # the message that it replies to
    language: Language  # of the words around the answer
    shows_question: bool
    is_private: bool  # nobody can edit or delete it later
    wanted: int  # the version that was to be shown when this was read; what is read later is at least that new
    begun_at: datetime  # no message of it is older
    is_taken_over: bool = False  # an attempt before may have left a message there


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMessage:
    """One message of a showing."""

    number: int  # 0, 1, 2, … in the order in which they were sent
    message_id: int | None  # None: it is being sent, or nobody knows whether it arrived
    is_gone: bool
    age_s: float = 0.0  # since it was last about to be sent


Label = Literal["C", "P", "I"]
"""Correct, partly, incorrect."""

Complaint = Literal["wrong", "incomplete", "unclear", "wrong_moment", "other"]
"""What a student finds wrong with an answer."""


Verdict = Literal["C", "P", "I", "edited", "dismissed", "approved", "rejected", "gone", "second"]
"""How staff settled a flagged answer; `gone`: its reason went before anybody looked; `second`: by a second label."""

Held = Literal["no", "waiting", "approved", "rejected"]
"""Whether an answer waits for the approval of staff, or waited for it."""

Role = Literal["student", "staff"]
"""As whom a person speaks of an answer; staff outrank students."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What one person says of one answer."""

    answer_id: AnswerId
    role: Role
    label: Label
    reason: str | None
    comment: str | None


JudgedFor = Literal["relevance", "support", "abstention", "second", "context"]
"""
What an answer is judged for: the answer itself, its references, its saying that there is no material, or the passages
that it was made from; `second` is another opinion on the answer itself.
"""

JudgeQueue = Literal["judge", "second_judge"]
"""Who works at a job: each queue has workers and a breaker of its own."""

AskedFor = Literal["threshold", "chance", "votes"]
"""Why a second opinion is asked: a score at the threshold, a draw, or votes that contradict the judge."""

JudgementStatus = Literal[
    "ok",
    "recovered",
    "parse_error",
    "out_of_range",
    "refusal",
    "empty",
    "truncated",
    "content_filter",
    "transport_error",
    "timeout",
    "auth_error",
    "budget_skipped",
]
"""What came of a judgement; only `ok` and `recovered` (after one more question) have a verdict."""

Support = Literal["full", "partial", "none"]
"""How far a reference supports the sentence that cites it."""

Abstention = Literal["right", "wrong"]
"""Whether it was right to say that the lectures do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One judgement that is due, held by the worker that has its *token*."""

    id: JobId
    kind: JudgedFor
    answer_id: AnswerId
    course_id: CourseId
    probability: float | None  # with which the answer was drawn; None: somebody asked for it
    attempts: int  # this one included
    token: int  # fencing token: a later claim has a greater one, and only the latest may end the job


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """How the answers of a course are judged and flagged; version 0 is what Monitoria ships."""

    version: int = 0
    labels: tuple[Label, Label, Label, Label] = ("I", "I", "P", "C")  # of the scores 0, 1, 2, 3
    flag_below: int = 2  # scores under it are flagged, 0 to 4
    judge_share: float = 1.0  # of answers that are judged, 0 to 1
    audit_share: float = 0.05  # of good answers that staff look at nevertheless, 0 to 1
    context_share: float = 0.02  # of the judged answers whose passages are judged too, 0 to 1; 0: of none at all
    daily_tokens: int | None = None  # what the judge may spend a day (UTC); None: no limit
    second_opinion: bool = False  # whether a second model, or the same one asked otherwise, is heard in doubtful cases
    second_opinion_share: float = 0.02  # of the answers that are not doubtful, heard as well, 0 to 1
    second_share: float = 0.1  # of labelled answers that a second member of staff is shown too, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceJudgement:
    """How far one reference supports the sentence that cites it."""

    number: int
    support: Support
    quote: str  # as the judge gave it
    is_found: bool  # it occurs in the passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One judgement of one answer, never changed."""

    id: JudgementId
    answer_id: AnswerId
    kind: JudgedFor
    status: JudgementStatus
    score: int | None  # 0 to 3
    abstention: Abstention | None
    criteria: str | None
    evidence: str | None
    label: Label | None  # from the score, by the settings' version
    settings_version: int
    swayed: bool
    probability: float | None
    model: str
    prompt_id: str | None
    judged_at: datetime
    configuration_id: ConfigurationId | None = None  # of the examples that the judge was shown; None: of none
    first_id: JudgementId | None = None  # of a second opinion: the judgement that it stands beside
    asked_for: AskedFor | None = None  # of a second opinion
    spread: int | None = None  # between the two scores, 0 to 3; None: this is no second opinion, or has no score
    is_split: bool | None = None  # whether the two called for a person, by the threshold of that time; None: as above


Purpose = Literal["judgement", "learning", "canary", "second", "context"]
"""What the judge's model was called for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call of the judge's model."""

    model_asked: str
    model: str | None  # as the server names it
    prompt_id: str
    prompt_sha256: str
    parameters: dict[str, object]
    output: str | None  # raw
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int
    status: JudgementStatus
    detail: str | None  # for the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSchedule:
    """When, where and how a course gets its digest."""

    time_zone: str
    weekday: int  # 1 is Monday
    hour: int
    channel_id: int | None
    emails: list[str]
    since: datetime | None  # None: it gets none
    least_askers: int
    price_in: float | None  # of a million tokens
    price_out: float | None
    currency: str | None
