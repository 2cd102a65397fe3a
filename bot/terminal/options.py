"""Options that several commands take."""

from typing import Annotated

import typer

CourseOption = Annotated[str, typer.Option("--course", metavar="SLUG", help="The course, by its short name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
