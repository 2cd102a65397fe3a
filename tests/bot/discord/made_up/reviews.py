"""What staff see of an answer, made up: its card, the judge's opinion, the list, two answers side by side."""

from dataclasses import replace
from datetime import UTC, datetime

from db.records import AnswerId, CourseId, Held, ItemId, Judgement, JudgementId, ReferenceJudgement, VerifiedId
from db.records.pairs import PairAnswer, PairId, ShownPair
from db.records.reviews import ListedItem, ReviewItem, ReviewStats, Verified
from services.answering.replies import Examined
from services.reviewing.flagged import Card, CardOpinion, Standing
from services.reviewing.keeping import Form
from tests.bot.discord.made_up.answers import ANSWERED, HIT, LONG_ANSWER, REFERENCES, reply
from tests.bot.discord.made_up.courses import REDES

KEPT = Form(
    course=CourseId(2),
    draft=7,
    question="Por que o gradiente some?",
    text="Ele encolhe a cada passo [t1]. E a LSTM soma.",
    hits=(HIT,),
)
ITEM = ReviewItem(
    id=ItemId(5),
    answer_id=AnswerId(11),
    course_id=CourseId(2),
    opened_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    settled_at=None,
    verdict=None,
    settled_by=None,
    taken_by=None,
    taken_for_s=None,
    card_channel_id=None,
    card_message_id=None,
    card_version=1,
    reasons=["called", "voted_down", "low_relevance"],
    up=1,
    down=3,
    has_score=True,
)
SECOND = replace(ITEM, reasons=["second_look"], down=0, is_second_look=True)
WORDS = Verified(
    id=VerifiedId(3),
    course_id=CourseId(2),
    answer_id=AnswerId(11),
    question="Por que o gradiente some?",
    language="pt",
    text="O gradiente encolhe a cada passo [1].",
    version=2,
    verified_by="…",
    verified_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
    retired_at=None,
    stale_since=None,
    doubted_since=None,
)
JUDGED = Judgement(
    id=JudgementId(1),
    answer_id=AnswerId(11),
    kind="relevance",
    status="ok",
    score=1,
    abstention=None,
    criteria="Deve dizer por que o gradiente some.",
    evidence="Só diz que some.",
    label="I",
    settings_version=0,
    swayed=False,
    probability=1.0,
    model="juiz",
    prompt_id="judge/1",
    judged_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
)
OPINION = CardOpinion(
    relevance=JUDGED,
    support=(
        ReferenceJudgement(number=1, support="full", quote="o gradiente encolhe", is_found=True),
        ReferenceJudgement(number=2, support="partial", quote="nunca dito", is_found=False),
    ),
    abstention=None,
    context=replace(JUDGED, kind="context", label=None),
)
LISTED = [
    ListedItem(
        id=ItemId(5),
        answer_id=AnswerId(11),
        question="Por que o gradiente some?",
        reasons=["called", "voted_down"],
        age_s=7_500.0,
        taken_by=900,
        card_channel_id=50,
        card_message_id=60,
    ),
    ListedItem(
        id=ItemId(6),
        answer_id=AnswerId(12),
        question="O que é um tensor?",
        reasons=["audit"],
        age_s=260_000.0,
        taken_by=None,
        card_channel_id=None,
        card_message_id=None,
    ),
]
STANDING = Standing(
    whole=ReviewStats(open=2, oldest_s=260_000.0, settled=14, median_settle_s=5_400.0),
    by_reason={"called": (1, 4), "voted_down": (1, 9), "audit": (1, 1)},
)


def flagged(item: ReviewItem = ITEM, *, held: Held = "no", written: Verified | None = None) -> Card:
    shown = reply("answered", "pt-BR")
    return Card(
        item=item,
        course=REDES,
        reply=Examined(
            question=shown.question,
            answer=replace(shown.answer, held=held),
            references=shown.references,
            hits=shown.hits,
        ),
        comments=[("incomplete", "faltou dizer da LSTM @everyone"), ("wrong", None)],
        link=(1, 41, 77),
        verified=written,
    )


PAIR = ShownPair(
    id=PairId(9),
    course_id=CourseId(2),
    question="Por que o *gradiente* some? @everyone",
    a=PairAnswer(text=ANSWERED, references=REFERENCES),
    b=PairAnswer(text=LONG_ANSWER, references=()),
    left=3,
)
