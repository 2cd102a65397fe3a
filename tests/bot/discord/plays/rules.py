"""What must be true once all is quiet, whatever was done before."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.records import Language
from services import i18n
from services.reviewing.keeping import fingerprint
from tests.bot.discord.plays.facts import (
    Answer,
    Facts,
    Item,
    Look,
    formulas,
    marks,
    squeezed,
    tokens,
    with_picture,
    without_picture,
)
from tests.bot.discord.plays.opinions import Opinions, wrong
from tests.bot.discord.plays.play import Ask, Play, answer_of, button, item_of
from tests.fake_discord import Message

REASONS = {
    "sway": "reason.sway",
    "wrong_abstention": "reason.wrong_abstention",
    "unsupported_citation": "reason.unsupported_citation",
    "called": "reason.called",
    "held": "reason.held",
    "voted_down": "reason.voted_down",
    "stale_verified": "reason.stale_verified",
    "uncited": "reason.uncited",
    "source_gone": "reason.source_gone",
    "source_changed": "reason.source_changed",
    "second_look": "reason.second_look",
}
"""Why an answer is before staff, as an open card says it; of what tells the judge's mind it says no more."""
VERDICTS = {
    "C": "verdict.right",
    "P": "verdict.partly",
    "I": "verdict.wrong",
    "edited": "verdict.edited",
    "dismissed": "verdict.dismissed",
    "approved": "verdict.approved",
    "rejected": "verdict.rejected",
    "gone": "verdict.gone",
    "second": "verdict.second",
}
HEADS: dict[Language, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "pt-BR": (
        ("verified", re.compile(r"✔\*\*Verificadopelamonitoria\*\*·\d\d/\d\d/\d{4}")),
        ("under_review", re.compile(re.escape(squeezed(i18n.text("mark.under_review", "pt-BR"))))),
    ),
    "en": (
        ("verified", re.compile(r"✔\*\*Verifiedbystaff\*\*·\d{4}-\d\d-\d\d")),
        ("under_review", re.compile(re.escape(squeezed(i18n.text("mark.under_review", "en"))))),
    ),
}
"""What stands above an answer, in the language of its course."""
WITHIN = re.compile(r"\*(?:Em|In):(?:(?!\*).)+\*")
"""And below that, where lectures were named."""
UNSTORED_S = 1.0
"""In which a question may have been heard and not yet stored."""
ASKED = re.compile(r"\*\*(Pergunta|Question):\*\*[^?]*\?")
STARTS = 200
"""Letters of an answer that its card certainly has room for."""


@dataclass(frozen=True)
class Broken:
    """One rule that does not hold."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.what}"


@dataclass
class Copy:
    """One place where an answer is shown: its messages that still stand, in order."""

    key: str
    messages: list[Message]
    all: list[Message]


def broken(play: Play, known: Facts, said: Opinions) -> Iterator[Broken]:
    """What does not hold in *play*, by what people see and what is written down."""
    copies = {ask.source_id: list(copies_of(play, ask, known)) for ask in play.asks}
    for ask in play.asks:
        yield from _answered_once(play, ask, known, copies[ask.source_id])
        yield from _thinks_no_more(play, ask, known)
        yield from _forgotten(play, ask, known, copies[ask.source_id])
        question = known.questions.get(ask.source_id)
        answer = known.by_question.get(question[0]) if question else None
        if answer:
            yield from _never_shown_unapproved(play, ask, answer, known, copies[ask.source_id])
            for copy in copies[ask.source_id]:
                yield from _shows_what_is_true(play, ask, answer, known, copy)
    yield from _nothing_unknown(play, known)
    yield from _words_that_were_rejected(known)
    yield from _votes(play, known)
    yield from _cards(play, known)
    yield from _second_looks(known)
    yield from (Broken("13 judged", what) for what in wrong(play, known, said))
    yield from _unasked(play, known)
    yield from _kept(play, known)
    yield from _words_that_are_gone(play, known)
    for (question, again), count in known.tries.items():
        if count > 1:
            yield Broken("11 tries", f"question {question} was tried {count} times as {again!r}")


# --- which messages show what ---


def copies_of(play: Play, ask: Ask, known: Facts) -> Iterator[Copy]:
    """Every place where the answer to *ask* is, or was, shown."""
    question = known.questions.get(ask.source_id)
    groups: dict[str, list[Message]] = {}
    if ask.interaction:
        groups["command"] = list(ask.interaction.messages)
    for message, _ in play.server.versions.values():
        if message.author is not play.server.user or message.channel is play.staff or not message.nonce:
            continue
        stem = str(message.nonce).rpartition(".")[0]
        if (ask.message and stem == f"q{ask.message.id}") or (question and stem == f"q{question[0]}"):
            groups.setdefault("reply", []).append(message)
        elif question and (stem == f"share.{question[0]}" or stem.startswith(f"a{question[0]}.")):
            groups.setdefault("share" if stem.startswith("share") else stem, []).append(message)
    if ask.interaction and "reply" in groups and "command" in groups:
        # What is sent to the channel later, as the command's token is gone, goes on where the command was answered.
        groups["command"] += groups.pop("reply")
    for key, messages in groups.items():
        there = [one for one in messages if one.channel.id not in play.gone_channels]
        yield Copy(key, [one for one in there if not one.deleted], there)


# --- the rules ---


def _answered_once(play: Play, ask: Ask, known: Facts, copies: list[Copy]) -> Iterator[Broken]:
    if ask.deleted_for or ask.channel.id in play.gone_channels or (ask.hold_changed and ask.who.id in play.forgotten):
        return
    question = known.questions.get(ask.source_id)
    there = [copy for copy in copies if copy.key != "share" and copy.messages]
    gone = any(one.deleted for copy in copies for one in copy.all)
    if ask.interaction:
        if ask.interaction.responded_at is None and ask.is_calm:
            yield Broken("3 answered once", f"nobody reacted to: {ask.way} {ask.text!r}")
        if len(there) > 1 and not ask.interaction.expired:
            yield Broken("3 answered once", f"answered in two places: {ask.text!r}")
        return
    if there or gone:
        return
    excused = ask.question_gone or (ask.way == "writes directly" and not ask.is_calm)
    if not excused and (question is None or question[0] not in known.given_up):
        how = "calm" if ask.is_calm else "amid trouble"
        yield Broken("3 answered once", f"nothing came of {ask.source_id} ({how}): {ask.way} {ask.text!r}")


def _thinks_no_more(play: Play, ask: Ask, known: Facts) -> Iterator[Broken]:
    used = ask.interaction
    if used is None or used.original is None or not used.original.loading or used.original.deleted or used.expired:
        return
    # Killed between its first sign and storing the question, nobody can know of it; Discord itself ends it.
    died = any(ask.at <= kill < ask.at + UNSTORED_S for kill in play.stage.kills)
    if not (died and ask.source_id not in known.questions):
        yield Broken("4 thinking", f"thinks for ever: {ask.way} {ask.text!r}")


def _forgotten(play: Play, ask: Ask, known: Facts, copies: list[Copy]) -> Iterator[Broken]:
    if not ask.deleted_for:
        return
    if ask.source_id in known.questions:
        yield Broken("5 forgotten", f"still stored: {ask.text!r}")
    for copy in copies:
        left = [one for one in copy.messages if not one.ephemeral and (one.embeds or one.buttons)]
        if left:
            yield Broken("5 forgotten", f"its {copy.key} still shows {left[0].content[:80]!r}: {ask.text!r}")


def _never_shown_unapproved(play: Play, ask: Ask, answer: Answer, known: Facts, copies: list[Copy]) -> Iterator[Broken]:
    certain = ask.is_held and not ask.hold_changed and answer.outcome in {"answered", "no_material"}
    if not certain or answer.model == "verified" or ask.is_asked_back:
        return
    secret = tokens([answer.text])
    approved, edited = known.released_at(answer)
    if answer.held == "no":
        yield Broken("1 hold", f"was not held: {ask.way} {ask.text!r}")
    if not secret:
        return
    excerpts = [
        message
        for used in play.server.interactions
        if used.source and answer_of(used.source) == answer.id and used.type == 3
        for message in used.messages
        if message.ephemeral
    ]
    for message in {one.id: one for one in [*(one for copy in copies for one in copy.all), *excerpts]}.values():
        for version in play.server.versions[message.id][1]:
            in_words = tokens([version.content, version.pictures]) & secret
            if in_words and (approved is None or version.at < approved):
                yield Broken("1 hold", f"{in_words} was shown before staff approved it: {ask.way} {ask.text!r}")
                return
            anywhere = tokens([version.embeds]) & secret
            if anywhere and all(when is None or version.at < when for when in (approved, edited)):
                yield Broken("1 hold", f"{anywhere} was shown in an embed before staff decided: {ask.text!r}")
                return


def _shows_what_is_true(play: Play, ask: Ask, answer: Answer, known: Facts, copy: Copy) -> Iterator[Broken]:
    live = [one for one in copy.messages if not one.ephemeral]
    if not live or any(one.id in play.server.taken_away for one in copy.all):
        return
    if ask.deleted_for or (len(live) == 1 and live[0].loading):
        return
    looks = known.looks(answer)
    where = f"{copy.key} of answer {answer.id} ({ask.way} {ask.text!r})"
    language = _spoken(play, ask, copy)
    shown = _look("".join(one.text for one in live), language)
    fitting = [look for look in looks if _fits(shown, look, language)]
    if not fitting:
        wanted = " or ".join(f"{look.head or 'plain'} {_short(look.text)}" for look in looks)
        pages = " | ".join(_short(one.content) for one in live)
        yield Broken(
            "2 true now", f"{where} shows {shown[0] or 'plain'} on {len(live)} pages: {pages}; wanted {wanted}"
        )
        return
    if fitting[0].text is None:
        if any(one.buttons or one.embeds or one.attachments for one in live):
            yield Broken("2 true now", f"{where} has buttons, references or a picture, though it is not released")
        return
    *first, last = live
    if any(one.buttons or one.embeds or one.attachments for one in first):
        yield Broken("2 true now", f"{where}: buttons, references or a picture are not on the last page alone")
    if [one.description for one in last.attachments] != formulas(fitting[0].text):
        yield Broken("2 true now", f"{where} has the pictures {last.attachments}: {fitting[0].text[-80:]!r}")
    yield from _opens_what_it_cites(last, fitting[0].text, where)
    numbers = marks(fitting[0].text)
    if answer_of(last) != answer.id or bool(button(last, "excerpts")) != bool(numbers):
        yield Broken("2 true now", f"{where} lacks buttons: {sorted(last.buttons)}")


def _opens_what_it_cites(last: Message, text: str, where: str) -> Iterator[Broken]:
    numbers = {int(number) for number in re.findall(r"`\[(\d)\]`", json.dumps(last.embeds))}
    if numbers != marks(text):
        yield Broken("2 true now", f"{where} cites {marks(text)} and lists {numbers}")
    if len(last.links) != len(numbers):
        yield Broken("2 true now", f"{where} lists {numbers} and opens {sorted(last.links)}")


def _spoken(play: Play, ask: Ask, copy: Copy) -> Language:
    """
    The language of the words around an answer: the course's where others read it too, and in a conversation of two
    that of the person's Discord, where it is known: a press tells it, a message does not.
    """
    in_private = ask.interaction is not None and all(one.channel.guild is None for one in copy.all)
    return ("pt-BR" if ask.who.user.locale == "pt-BR" else "en") if in_private else play.course.language


def _look(content: str, language: Language) -> tuple[str, str]:
    """What stands above an answer, and what is left of its words."""
    left = squeezed(content)
    if asked := ASKED.match(left):
        left = left[asked.end() :]
    for head in ("waiting", "rejected", "retired"):
        if left == squeezed(i18n.text(f"mark.{head}", language)):
            return head, ""
    shown = ""
    for head, pattern in HEADS[language]:
        if match := pattern.match(left):
            shown, left = head, left[match.end() :]
    return shown, WITHIN.sub("", left, count=1) if WITHIN.match(left) else left


def _fits(shown: tuple[str, str], look: Look, language: Language) -> bool:
    return shown == (look.head, squeezed(with_picture(look.text or "", language)))


def _nothing_unknown(play: Play, known: Facts) -> Iterator[Broken]:
    """Each message with buttons belongs to an answer that is there."""
    for message in play.answers():
        answer = answer_of(message)
        if answer not in known.answers and message.channel.id not in play.gone_channels:
            yield Broken("5 forgotten", f"a message in {message.channel.name} shows answer {answer}, which is gone")


def _words_that_were_rejected(known: Facts) -> Iterator[Broken]:
    for use in known.uses:
        answer = known.answers.get(use.answer_id)
        before = [
            one
            for one in known.spoken_of(use.verified_id)
            if one.at < use.at and (one.action in {"edit", "retire"} or one.verdict in {"I", "approved", "C", "P"})
        ]
        last = before[-1] if before else None
        if answer and last and (last.action == "retire" or last.verdict == "I"):
            said = "retired" if last.action == "retire" else "incorrect"
            yield Broken("6 rejected", f"verified words {use.verified_id}, {said}, were given to answer {answer.id}")


def _votes(play: Play, known: Facts) -> Iterator[Broken]:
    """A vote counts as its giver was told."""
    for (answer, who), told in play.told_votes.items():
        stands = known.labels.get((answer, who), "")
        if answer in known.answers and stands != told:
            yield Broken("7 votes", f"somebody was told {told or 'withdrawn'!r} on answer {answer}; it is {stands!r}")


def _cards(play: Play, known: Facts) -> Iterator[Broken]:
    language, live = play.course.language, dict[int, list[Message]]()
    for card in play.cards():
        live.setdefault(item_of(card) or 0, []).append(card)
    for item in known.items:
        there = live.pop(item.id, [])
        if len(there) > 1 or (not there and item.verdict is None and item.id not in play.deleted_cards):
            yield Broken("7 cards", f"item {item.id} has {len(there)} cards")
        for card in there:
            yield from _card(item, card, known, language)
    for item_id, cards in live.items():
        yield Broken("7 cards", f"{len(cards)} cards of item {item_id}, which is gone")


def _card(item: Item, card: Message, known: Facts, language: Language) -> Iterator[Broken]:
    embed = card.embeds[0]
    said = {one["name"]: one["value"] for one in embed.get("fields", [])}
    status = said.get(i18n.text("card.status", language), "")
    settled = embed["title"] == i18n.text("card.title_settled", language)
    if item.answer_id in known.answers:
        yield from _card_says(known.answers[item.answer_id], card, known)
    if settled != (item.verdict is not None):
        yield Broken("7 cards", f"card of item {item.id} ({item.verdict}) says {embed['title']}")
    elif item.verdict and status != _settled(item, known, language):
        yield Broken("7 cards", f"card of item {item.id} ({item.verdict}) says {status!r}")
    elif item.verdict is None:
        yield from _open_card(item, said, status, language)
        up, down = known.votes.get(item.answer_id, (0, 0))
        votes = said.get(i18n.text("card.votes", language), "").splitlines()
        counts = [i18n.text("card.counts", language, up=up, down=down)] if up or down else []
        if [one for one in votes[:1] if "👍" in one] != counts:
            yield Broken("7 cards", f"card of item {item.id} says {votes}, there are {up} and {down}")


def _settled(item: Item, known: Facts, language: Language) -> str:
    """What a card says of how it was settled: no label that somebody else is to give as well, blind."""
    look = known.second_looks.get(item.answer_id)
    said = VERDICTS[item.verdict or ""]
    if item.verdict in {"C", "P", "I"} and look and look.is_awaited:
        said = "card.second_awaited"
    if item.verdict == "gone" and item.is_second_look:
        said = "card.second_gone"
    are_opposed = look and look.is_labelled and {"C", "I"} <= look.labels
    return i18n.text(said, language) + (f"\n{i18n.text('card.opposed', language)}" if are_opposed else "")


def _second_looks(known: Facts) -> Iterator[Broken]:
    """What was labelled twice was labelled by two, and nobody who asked has been told of the second."""
    for answer, look in known.second_looks.items():
        if look.is_labelled and look.staff < 2:
            yield Broken("12 second looks", f"answer {answer} was labelled twice, by {look.staff} of staff")
    for item in known.items:
        if item.verdict == "second" and not item.is_second_look:
            yield Broken("12 second looks", f"item {item.id} was settled as a second look, and is none")
        if item.is_second_look and item.verdict in {"C", "P", "I", "edited", "approved", "rejected"}:
            yield Broken("12 second looks", f"item {item.id}, a second look, was settled as {item.verdict}")


def _card_says(answer: Answer, card: Message, known: Facts) -> Iterator[Broken]:
    """A card gives the words that staff are to settle: theirs, where some are in force."""
    text = squeezed(without_picture(known.words_for_staff(answer)))
    shown = squeezed(card.embeds[0]["description"])
    if text[:STARTS] not in shown:
        yield Broken("7 cards", f"card of item {item_of(card)} says {shown[-160:]!r}, not {text[:160]!r}")


def _open_card(item: Item, said: dict[str, str], status: str, language: Language) -> Iterator[Broken]:
    by = item.taken_by
    if item.is_second_look:
        hint = i18n.text("card.second_hint", language)
        if not status.startswith(hint):
            yield Broken("7 cards", f"card of item {item.id}, a second look, says {status!r}")
        status = status.removeprefix(hint).strip()
    if (f"<@{by}>" in status) != (by is not None) or (by is None and status):
        yield Broken("7 cards", f"card of item {item.id}, taken by {by}, says {status!r}")
    told = said.get(i18n.text("card.reasons", language), "")
    wanted = {i18n.text(REASONS.get(one, "reason.automatic"), language) for one in item.reasons}
    if set(told.split(", ")) != wanted:
        yield Broken("7 cards", f"card of item {item.id} gives {told!r}, reasons are {sorted(item.reasons)}")


def _unasked(play: Play, known: Facts) -> Iterator[Broken]:
    """What asks nothing, or is said where staff have the floor, has no answer."""
    ours = [one for one, _ in play.server.versions.values() if one.author is play.server.user]
    answered = {one.reference.id for one in ours if one.reference and not str(one.nonce).startswith("told")}
    for message, why in play.unasked:
        if message.id in answered or f"message:{message.id}" in known.questions:
            yield Broken("9 manners", f"answered though {why}: {message.content!r} in {message.channel.name}")


def _kept(play: Play, known: Facts) -> Iterator[Broken]:
    """Staff know what became of a message that they have kept."""
    for one in play.written:
        kept = known.kept.get(one.message.id)
        if kept is None or not one.is_calm or one.message.channel.id in play.gone_channels:
            continue
        if one.message.deleted != kept.is_gone:
            yield Broken("10 kept", f"{one.tag} is deleted: {one.message.deleted}; it counts as gone: {kept.is_gone}")
        elif not kept.is_gone and kept.text_sha256 != fingerprint(one.message.content):
            yield Broken("10 kept", f"{one.tag} was edited, and nobody has noticed")


def _words_that_are_gone(play: Play, known: Facts) -> Iterator[Broken]:
    """Of what a deleted person wrote, no row holds anything, and no message that can be deleted."""
    for word, tables in known.left.items():
        yield Broken("5 forgotten", f"{word} stands in {', '.join(tables)}")
    gone = play.words_that_should_be_gone()
    for message, _ in play.server.versions.values():
        ours = message.author is play.server.user and not message.deleted and not message.ephemeral
        if ours and message.channel.id not in play.gone_channels:
            for word in gone:
                if re.search(rf"{word}(?!\d)", _whole(message)):
                    yield Broken("5 forgotten", f"{word} stands in a message of {message.channel.name}")


def _whole(message: Message) -> str:
    return json.dumps([message.content, message.embeds], ensure_ascii=False)


def _short(text: str | None) -> str:
    if text is None:
        return "(nothing)"
    flat = " ".join(text.split())
    return repr(flat if len(flat) < 140 else f"{flat[:60]} … {flat[-70:]}")
