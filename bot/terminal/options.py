"""Options that several commands take."""

from typing import Annotated, Literal

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
UnaidedOption = Annotated[
    bool, typer.Option("--unaided", help="With --answers: have the model write where staff's words are served, too.")
]
AgainstOption = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="KEY=VALUE",
        help="With --answers: compare with another model, base-url, prompt or retrieval (lexical); repeatable.",
    ),
]
LectureOption = Annotated[
    str | None, typer.Option("--lecture", metavar="ID", help="This lecture only; `course show` lists the ids.")
]
LanguageOption = Annotated[
    Literal["pt-BR", "en"], typer.Option("--language", help="The language of the course and of its lectures.")
]
