"""The labelled messages of samples/chatter.jsonl, and what the rule makes of the part that it was not chosen on."""

from bench.chatter import SET, heard, read


def test_the_set_is_large_and_a_third_is_set_aside() -> None:
    messages = read(SET)
    apart = [one for one in messages if one.split == "test"]

    assert len(messages) >= 160
    assert len({one.id for one in messages}) == len(messages)
    assert 0.25 < len(apart) / len(messages) < 0.4
    assert {one.place for one in apart} == {"channel", "thread", "forum", "post"}
    assert {one.lang for one in apart} == {"pt", "en"}


def test_the_rule_is_precise_and_finds_most_questions_on_messages_it_was_not_chosen_on() -> None:
    reached = heard([one for one in read(SET) if one.split == "test"])

    assert reached.precision >= 0.95
    assert reached.recall >= 0.85
