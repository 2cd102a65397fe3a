"""The sample course and its questions, as the benches that ask real questions use them."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from db.records import Course
from services.lectures.manifest import plan
from services.wiring import Services

FOLDER = Path(__file__).parents[1] / "samples"
COURSE = FOLDER / "course"
ASKED = (FOLDER / "questions.jsonl", FOLDER / "calibration.jsonl")


async def sample_course(services: Services) -> Course:
    """Create the course `bench` and take its lectures in."""
    course = await services.courses.create(slug="bench", title="bench", language="pt-BR")
    planned = plan([COURSE], manifest=COURSE / "manifest.json", language="pt-BR", video_url=None)
    async for _ in services.ingest.run(course, planned):
        pass
    return course


def sample_questions() -> Iterator[str]:
    """Yield the sample questions without end, each with a number, so that none is asked twice."""
    asked = [json.loads(line)["question"] for file in ASKED for line in file.read_text("utf-8").splitlines()]
    for number in count():
        yield f"{asked[number % len(asked)]} {number}"
