import asyncio
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from bench.families import families
from services.digest.report import Place, Topic
from services.digest.topics import finding as module
from services.digest.topics import grouping
from services.digest.topics.finding import Topics, WeekQuestion, grouped, presentable, topics
from services.digest.topics.frames import FRAMES
from services.digest.topics.grouping import ALONE, Groups, group, without_frames
from services.digest.topics.known import KnownWords
from services.models.embedder import EmbedderUnavailable
from tests.heartbeat import beating
from tests.word_embedder import WordEmbedder

XOR = ("por que o perceptron não aprende o xor?", "pq o xor nao da com perceptron", "Oi gente, o perceptron e o xor?")
DROPOUT = ("o dropout fica ligado no teste?", "bom dia! desligo o dropout no teste?", "dropout no teste pode?")
GAN = ("como treina uma gan?", "a gan é instável no treino?", "treino da gan explica pf")
ODD = ("quanto custa o bandejão?", "o que é uma tautologia?")
HOSTILE = "sou a Maria Silva, RA 123456, maria@x.br, (11) 99999-9999, <@123>"


def asked(text: str, asker: str | None, **changed: object) -> WeekQuestion:
    one = WeekQuestion(text=text, language="pt", asker_key=asker, outcome="answered", relevance=None, voted_down=False)
    return replace(one, **changed)


def a_week() -> list[WeekQuestion]:
    return [
        *(asked(text, f"a{number}") for number, text in enumerate((*XOR, XOR[0]))),
        *(asked(text, f"b{number}") for number, text in enumerate(DROPOUT)),
        *(asked(text, f"c{number}", outcome="no_material") for number, text in enumerate(GAN)),
        *(asked(text, f"d{number}") for number, text in enumerate(ODD)),
    ]


def told(questions: Sequence[WeekQuestion], *, least_askers: int = 3) -> Topics:
    groups = group([one.text for one in questions], None, [one.language for one in questions])
    return topics(questions, groups, least_askers=least_askers)


def together(labels: Sequence[int]) -> set[frozenset[int]]:
    """The groups as sets of rows, whatever their numbers."""
    return {frozenset(row for row, own in enumerate(labels) if own == label) for label in set(labels) if label != ALONE}


def one_group(questions: Sequence[WeekQuestion]) -> Topic:
    count = len(questions)
    (topic,) = topics(questions, Groups(labels=(0,) * count, centrality=(1.0,) * count)).topics
    return topic


def test_questions_that_share_their_subject_are_one_group_and_others_are_alone() -> None:
    texts = [one.text for one in a_week()]

    labels = group(texts, None, ["pt"] * len(texts)).labels

    assert together(labels) == {frozenset({0, 1, 2, 3}), frozenset({4, 5, 6}), frozenset({7, 8, 9})}
    assert labels[-2:] == (ALONE, ALONE)


def test_no_question_gives_no_group() -> None:
    assert group([], None, []) == Groups(labels=(), centrality=())


def test_one_text_asked_twice_is_a_group_and_asked_once_is_alone() -> None:
    assert group(["O que é um tensor?", "oi, o que e um tensor??"], None, ["pt", "pt"]).labels == (0, 0)
    assert group(["O que é um tensor?"], None, ["pt"]).labels == (ALONE,)


def test_vectors_bring_together_what_no_word_does() -> None:
    texts = ["o que é sobreajuste?", "a rede decorou os dados", "quando sai a nota?"]
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)

    assert group(texts, None, ["pt"] * 3).labels == (ALONE,) * 3
    assert together(group(texts, vectors, ["pt"] * 3).labels) == {frozenset({0, 1})}


def test_a_text_without_a_vector_goes_by_its_words() -> None:
    texts = ["como funciona o dropout", "dropout explicação", "o dropout serve para quê?"]
    vectors = np.array([[1, 0], [1, 0], [0, 0]], np.float32)

    assert group(texts, vectors, ["pt"] * 3).labels == (0, 0, 0)


@pytest.mark.parametrize("with_vectors", [False, True])
def test_the_order_of_the_questions_makes_no_difference(with_vectors: bool) -> None:
    texts = sorted({one.text for one in a_week()})
    vectors = np.random.default_rng(7).standard_normal((len(texts), 8)).astype(np.float32)
    order = list(range(len(texts)))[::-1]

    before = group(texts, vectors if with_vectors else None, ["pt"] * len(texts)).labels
    after = group([texts[row] for row in order], vectors[order] if with_vectors else None, ["pt"] * len(texts)).labels

    assert together(before) == {frozenset(order[row] for row in rows) for rows in together(after)}


def test_the_number_of_threads_makes_no_difference() -> None:
    texts = [text for family in families() for text in family.questions]
    vectors = np.random.default_rng(7).standard_normal((len(texts), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    found = list[Groups]()
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            found.append(group(texts, vectors, ["pt"] * len(texts)))

    assert found[0].labels == found[1].labels == found[2].labels


def test_what_is_over_what_is_grouped_at_once_joins_the_groups_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "EXACT", 4)
    texts = [one.text for one in a_week()]

    labels = group(texts, None, ["pt"] * len(texts)).labels

    assert together(labels) == {frozenset({0, 1, 2, 3}), frozenset({4, 5, 6}), frozenset({7, 8, 9})}


def test_what_no_round_came_to_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "EXACT", 2)
    monkeypatch.setattr(grouping, "MOST_ROUNDS", 1)
    texts = ["aaa bbb", "ccc ddd", "eee fff", "ggg hhh"]

    assert group(texts, None, ["pt"] * 4).labels == (ALONE,) * 4


def test_what_all_questions_share_is_taken_out_of_the_vectors() -> None:
    frames = np.array([[1, 0, 0], [1, 0, 0]], np.float32)

    left = without_frames(np.array([[0.8, 0.6, 0], [0.8, 0, 0.6]], np.float32), frames)

    np.testing.assert_allclose(left, [[0, 1, 0], [0, 0, 1]], atol=1e-6)


def test_every_question_is_counted_once() -> None:
    found = told(a_week())

    shown = sum(topic.questions for topic in (*found.topics, *found.gaps))
    assert (shown, found.small_questions, found.small_topics) == (10, 2, 2)
    assert shown + found.small_questions == len(a_week())


def test_topics_come_by_askers_then_questions_then_title() -> None:
    questions = [
        *(asked(text, asker) for text, asker in zip(XOR, "abc", strict=True)),
        *(asked(text, asker) for text, asker in zip((*DROPOUT, DROPOUT[0]), "abca", strict=True)),
        *(asked(text, asker) for text, asker in zip((*GAN, GAN[0]), "abcd", strict=True)),
    ]

    shown = told(questions).topics

    assert [(topic.askers, topic.questions) for topic in shown] == [(4, 4), (3, 4), (3, 3)]


def test_a_group_that_too_few_people_asked_about_is_only_counted() -> None:
    questions = [asked(text, "one person") for text in XOR]

    found = told(questions)

    assert (found.topics, found.gaps, found.small_topics, found.small_questions) == ((), (), 1, 3)
    assert len(told(questions, least_askers=1).topics) == 1


def test_people_nobody_knows_count_as_one() -> None:
    assert told([asked(text, None) for text in XOR]).small_topics == 1


def test_groups_that_mostly_found_no_material_are_the_gaps() -> None:
    found = told(a_week())

    assert [topic.outcomes for topic in found.gaps] == [{"no_material": 3}]
    assert {outcome for topic in found.topics for outcome in topic.outcomes} == {"answered"}


def test_a_topic_sums_up_its_answers() -> None:
    topic = one_group(
        [
            asked(XOR[0], "a", relevance=1.0, voted_down=True),
            asked(XOR[1], "b", relevance=0.5),
            asked(XOR[2], "c", outcome="failed"),
        ]
    )

    assert (topic.relevance, topic.voted_down, topic.outcomes) == (0.75, 1, {"answered": 2, "failed": 1})
    assert one_group([asked(text, text) for text in XOR]).relevance is None


def test_near_citations_are_one_place_and_the_most_cited_come_first() -> None:
    def cited(lecture: str, start_s: float, citations: int = 1) -> Place:
        return Place(
            lecture_id=int(lecture[-1]),
            lecture=lecture,
            start_s=start_s,
            url=f"https://x.example/{lecture}",
            citations=citations,
        )

    topic = one_group(
        [
            asked(XOR[0], "a", places=(cited("Aula 1", 10), cited("Aula 2", 5, 2))),
            asked(XOR[1], "b", places=(cited("Aula 1", 30), cited("Aula 1", 300))),
            asked(XOR[2], "c", places=(cited("Aula 1", 30), cited("Aula 3", 1), cited("Aula 4", 1))),
        ]
    )

    assert [(place.lecture, place.start_s, place.citations) for place in topic.places] == [
        ("Aula 1", 30, 3),
        ("Aula 2", 5, 2),
        ("Aula 1", 300, 1),
    ]


def test_places_in_two_lectures_of_one_title_are_two() -> None:
    def cited(lecture: int) -> tuple[Place, ...]:
        return (
            Place(lecture_id=lecture, lecture="Revisão", start_s=10, url=f"https://x.example/{lecture}", citations=1),
        )

    topic = one_group([asked(text, text, places=cited(number % 2 + 1)) for number, text in enumerate(XOR)])

    assert [(place.lecture_id, place.citations) for place in topic.places] == [(1, 2), (2, 1)]


def test_a_title_is_the_most_typical_question_without_its_greeting() -> None:
    questions = [asked("Oi gente, o que é dropout? obrigada!", "a"), asked(DROPOUT[0], "b"), asked(DROPOUT[1], "c")]

    (topic,) = topics(questions, Groups(labels=(0, 0, 0), centrality=(0.9, 0.2, 0.3))).topics

    assert topic.title == "O que é dropout?"
    assert topic.examples == ("Desligo o dropout no teste?", "O dropout fica ligado no teste?")


def test_a_title_that_fits_is_preferred_and_a_long_one_is_cut_at_a_word() -> None:
    long = "por que " + "o gradiente some " * 8 + "?"

    assert one_group([asked(f"{long}{number}", str(number)) for number in range(3)]).title.endswith("gradiente…")
    assert one_group([asked(long, "a"), asked(long, "b"), asked("o que explode?", "c")]).title == "O que explode?"


def test_examples_name_the_subject_in_other_words_and_come_from_different_people() -> None:
    texts = ("o que é xor?", "O que e XOR???", "oi, o que é xor", "pq xor?", "xor de novo?", "xor com três entradas?")

    topic = one_group([asked(text, asker) for text, asker in zip(texts, "abcdde", strict=True)])

    assert topic.title == "O que e XOR?"
    assert topic.examples == ("Xor com três entradas?", "Xor de novo?")


def test_nobody_is_told_of_whatever_they_write() -> None:
    texts = [f"{HOSTILE} {text}" for text in DROPOUT] + [HOSTILE, f"{DROPOUT[0]} {HOSTILE}", "Zuleido Quintana dropout"]
    questions = [asked(text, f"key-{number}") for number, text in enumerate(texts)]

    topic = one_group(questions)

    shown = " ".join((topic.title, *topic.examples)).lower()
    for word in ("maria", "silva", "123", "x.br", "9999", "@", "quintana", "key-"):
        assert word not in shown
    assert "dropout" in topic.title


def test_a_capitalised_word_is_shown_once_enough_people_write_it() -> None:
    known = KnownWords(asked=frozenset(), capitals=frozenset({"bayesiana"}))

    assert presentable("por que o Zuleido usa a Bayesiana?", known) == "Por que o … usa a Bayesiana?"
    few = one_group([asked(f"o {name} disse o que é xor", name) for name in ("Zuleido", "Quintano", "Berildo")])
    many = one_group(
        [asked(f"o {name} disse o que é xor", asker) for name, asker in zip(["Zuleido"] * 3, "abc", strict=True)]
    )

    assert few.title == "O … disse o que é xor"
    assert many.title == "O Zuleido disse o que é xor"


async def test_grouping_in_a_process_of_its_own_gives_the_same_and_leaves_the_loop_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROCESSES", multiprocessing.get_context("spawn"))  # as the bot does
    async with beating() as heart:
        found = await grouped(a_week(), None)

    assert found == told(a_week())
    assert heart.beats > 10
    assert heart.longest_s < 0.25


async def test_no_question_at_all_is_told_too() -> None:
    assert await grouped([], WordEmbedder()) == Topics(
        topics=(), gaps=(), for_staff=(), small_topics=0, small_questions=0
    )


async def test_only_the_most_asked_are_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EMBEDDED", 2)
    embedder = WordEmbedder()

    found = await grouped(a_week(), embedder)

    assert embedder.passages == len(FRAMES) + 2
    assert sum(topic.questions for topic in (*found.topics, *found.gaps)) + found.small_questions == len(a_week())


async def test_a_model_that_fails_is_told_to_the_caller() -> None:
    embedder = WordEmbedder()
    embedder.down = True

    with pytest.raises(EmbedderUnavailable):
        await grouped(a_week(), embedder)


async def test_the_process_ends_with_whoever_waits_for_it() -> None:
    task = asyncio.create_task(grouped(a_week(), None))
    await asyncio.sleep(0.01)  # it has begun, and not ended: a process takes longer to start
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_groups_that_are_mostly_for_the_staff_are_a_list_of_their_own() -> None:
    exam = ("que dia é a prova?", "a prova é que dia", "quando é a prova? que dia")
    found = told([asked(text, text, outcome="needs_staff") for text in exam] + a_week())

    assert [topic.questions for topic in found.for_staff] == [3]
    assert not [topic for topic in (*found.topics, *found.gaps) if "needs_staff" in topic.outcomes]


def test_a_title_is_in_the_language_of_most_of_its_questions() -> None:
    texts = (*DROPOUT, "is dropout on at test time?")
    questions = [asked(text, text, language="en" if text.startswith("is ") else "pt") for text in texts]

    (topic,) = topics(questions, Groups(labels=(0,) * 4, centrality=(0.1, 0.1, 0.1, 1.0))).topics

    assert topic.title == "Desligo o dropout no teste?"
    assert "Is dropout on at test time?" in topic.examples


def test_a_slip_of_the_hand_does_not_make_another_example() -> None:
    texts = (
        "a bolinha desce a ladeira do momentum?",
        "a bolinha desce a ladira do mometnum?",
        "momentum serve pra quê?",
    )

    topic = one_group([asked(text, text) for text in texts])

    assert len(topic.examples) == 1
