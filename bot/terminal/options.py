"""Options that several commands take."""

from typing import Annotated

import typer

CourseOption = Annotated[str, typer.Option("--course", metavar="SLUG", help="The course, by its short name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
PairsOption = Annotated[
    bool,
    typer.Option(
        "--pairs",
        help="With --against: the judge also compares the two answers to each question, blind and in both orders; "
        "two more calls of the judge a question, within the course's --daily-tokens.",
    ),
]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="With --pairs: keep the pairs, for staff to choose in /review pairs.")
]
