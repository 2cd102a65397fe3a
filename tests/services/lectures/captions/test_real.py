"""Real lecture captions come out whole: every difference from the published counts is explained here."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import TypedDict, cast

import pytest

from services.lectures.captions import Captions, read

DATA = Path(os.environ.get("MONITORIA_TEST_DATA", Path(__file__).parents[5] / "shared" / "data"))
MANIFEST = DATA / "lectures" / "manifest.json"

pytestmark = pytest.mark.skipif(
    not MANIFEST.exists(), reason="The lecture files are absent; point MONITORIA_TEST_DATA at shared/data."
)

REFUSED = {
    "nyu-w01-lecture-en": {"empty": 11},  # 4 cues of nothing, 7 like "[Inaudible student comment.]"
    "nyu-w02-practicum-en": {"empty": 1},  # "[Inaudible student question]"
    "3b1b-binomial-distributions-pt": {"empty": 1},  # "(Música)"
    "3b1b-essence-of-calculus-es": {"empty": 6},  # six cues of one space under the credits
    "hf-04-en": {"empty": 2},  # "(logo whooshing)"
    "hf-51-en": {"empty": 2},  # "(air whooshing)"
    "hf-23-fr": {"empty": 1},  # a full stop alone
    "cs231n-l03-en": {"empty": 3},  # "[laughing]"
    "de-r0b9eqrrcfe-de": {"repeat": 549, "empty": 1},  # each rolled line is shown three times
    "de-poy4gevqyhg-de": {"repeat": 516},
    "gdev-3cwuaisn-vo-en": {"empty": 1},  # "[MUSIC PLAYING]"
    "gdev-wncklne52tc-en": {"empty": 4},
    "edx-state-of-openedx-es": {"empty": 8},  # "[Música]", "[Aplausos]"
}
WORDS_IN_SOUND_MARKS = {
    "nyu-w01-lecture-en": 28,
    "nyu-w02-practicum-en": 4,
    "nyu-w01-practicum-fr": 14,  # "[rires]" inside sentences
    "3b1b-binomial-distributions-pt": 1,
    "hf-04-en": 4,
    "hf-51-en": 4,
    "hf-23-fr": 1,
    "cs231n-l03-en": 3,
    "gdev-3cwuaisn-vo-en": 2,
    "gdev-wncklne52tc-en": 6,
    "edx-state-of-openedx-es": 8,
}
LAST_END_IS_GUESSED = {
    "3b1b-linear-transformations-pt",  # start times only
    "btc-hashcash-bit-gold-en",
    "btc-segwit-en",
    "cs231n-l03-en",  # the published last cue ends at 00:00:00,000
}
LAST_CUE_IS_REFUSED = {
    "3b1b-essence-of-calculus-es",
    "hf-04-en",
    "hf-51-en",
    "gdev-3cwuaisn-vo-en",
    "gdev-wncklne52tc-en",
    "edx-state-of-openedx-es",
}


class Lecture(TypedDict):
    """The manifest's fields that these tests read."""

    id: str
    file: str
    cues: int
    words: int
    duration_s: float


def lectures() -> list[Lecture]:
    if not MANIFEST.exists():
        return []
    return cast("list[Lecture]", json.loads(MANIFEST.read_text(encoding="utf-8"))["lectures"])


def captions_of(lecture: Lecture) -> Captions:
    return read((DATA / "lectures" / lecture["file"]).read_bytes(), name=lecture["file"])


def words_in(captions: Captions) -> int:
    return sum(len(cue.text.split()) for cue in captions.cues)


every_lecture = pytest.mark.parametrize("lecture", lectures(), ids=lambda lecture: cast("Lecture", lecture)["id"])


@every_lecture
def test_a_real_file_refuses_only_what_nobody_says(lecture: Lecture) -> None:
    captions = captions_of(lecture)

    assert Counter(refusal.kind for refusal in captions.refused) == REFUSED.get(lecture["id"], {})
    assert len(captions.cues) + len(captions.refused) == captions.found


@every_lecture
def test_a_real_file_keeps_every_cue_the_manifest_counts(lecture: Lecture) -> None:
    captions = captions_of(lecture)

    empty = REFUSED.get(lecture["id"], {}).get("empty", 0)
    rolls = lecture["id"].startswith("de-")
    assert len(captions.cues) == (lecture["cues"] if rolls else lecture["cues"] - empty)


@every_lecture
def test_a_real_file_keeps_every_spoken_word_once(lecture: Lecture) -> None:
    assert words_in(captions_of(lecture)) == lecture["words"] - WORDS_IN_SOUND_MARKS.get(lecture["id"], 0)


@every_lecture
def test_a_real_file_ends_when_its_video_ends(lecture: Lecture) -> None:
    end_s = captions_of(lecture).cues[-1].end_s

    if lecture["id"] in LAST_END_IS_GUESSED:
        assert end_s == pytest.approx(lecture["duration_s"], abs=25)
    elif lecture["id"] in LAST_CUE_IS_REFUSED:
        assert end_s == pytest.approx(lecture["duration_s"], abs=15)
    else:
        assert end_s == lecture["duration_s"]


def test_all_36_files_are_there() -> None:
    assert len(lectures()) == 36
