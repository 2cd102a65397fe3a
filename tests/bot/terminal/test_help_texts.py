"""The help of commands, which flows however wide a terminal is."""

import typer

from bot.terminal.help_texts import flowing


def test_no_paragraph_of_a_help_breaks_where_its_docstring_does() -> None:
    app = typer.Typer()

    @app.command()
    def one() -> None:
        """
        Do it.

        All of it,
        or nothing.

        That is all.
        """

    flowing(app)

    assert [command.help for command in app.registered_commands] == ["Do it.\n\nAll of it, or nothing.\n\nThat is all."]
