"""Where references start, beside where the relevant moments are."""

from db.records import Reference, SegmentId
from services.research.evaluate import EvalQuestion, Moment
from services.research.seconds import CitedAnswer, is_inside, seconds

RELEVANT = (Moment(lecture_id="a", start=100, end=160),)


def reference(start_s: float, lecture: str = "a") -> Reference:
    return Reference(
        number=1,
        segment_id=SegmentId(1),
        lecture=lecture,
        title=lecture,
        start_s=start_s,
        end_s=start_s + 5,
        url=None,
        quote="x",
    )


def shown(*starts: float, relevant: tuple[Moment, ...] = RELEVANT, tags: tuple[str, ...] = ()) -> CitedAnswer:
    question = EvalQuestion(id="1", lang="pt", question="?", relevant=relevant, origin="hand", tags=tags)
    return CitedAnswer(question=question, references=tuple(map(reference, starts)))


def test_a_reference_is_inside_from_15_s_before_the_moment_to_its_end() -> None:
    inside = {start: is_inside(reference(start), RELEVANT) for start in (84.9, 85.0, 160.0, 160.1)}

    assert inside == {84.9: False, 85.0: True, 160.0: True, 160.1: False}
    assert not is_inside(reference(120, lecture="b"), RELEVANT)


def test_the_first_and_any_reference_are_counted_apart() -> None:
    reached = seconds([shown(120, 500), shown(500, 120), shown(500), shown()]).groups["all"]

    assert (reached.first_inside, reached.any_inside, reached.kept) == (1 / 4, 2 / 4, 3 / 4)
    assert (reached.references, reached.precision) == (5 / 4, 2 / 5)


def test_questions_without_an_answer_are_counted_by_whether_they_were_turned_away() -> None:
    reached = seconds([shown(120), shown(relevant=()), shown(120, relevant=()), shown(relevant=())])

    assert (reached.questions, reached.unanswerable, reached.turned_away) == (1, 3, 2)
    assert reached.groups["all"].questions == 1


def test_questions_in_another_language_than_their_lecture_are_a_group_apart() -> None:
    groups = seconds([shown(120), shown(500, tags=("cross-lingual",))]).groups

    assert {name: (one.questions, one.first_inside) for name, one in groups.items()} == {
        "all": (2, 0.5),
        "same-language": (1, 1.0),
        "lang pt": (2, 0.5),
        "pt hand": (1, 1.0),
        "tag cross-lingual": (1, 0.0),
    }


def test_the_distance_is_that_of_the_nearest_reference_in_a_lecture_that_answers() -> None:
    reached = seconds([shown(130, 90), shown(300), shown()])

    assert (reached.cited, reached.median_s, reached.within_15_s) == (2, 105.0, 1 / 3)
