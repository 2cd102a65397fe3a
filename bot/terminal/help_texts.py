"""Let the help of commands flow to the width of the terminal."""

import inspect

import typer


def flowing(app: typer.Typer) -> None:
    """Take a docstring's line ends out of the help of *app*'s commands: typer does so in first paragraphs alone."""
    for command in app.registered_commands:
        paragraphs = (command.callback and inspect.getdoc(command.callback)) or ""
        command.help = "\n\n".join(" ".join(one.split()) for one in paragraphs.split("\n\n"))
