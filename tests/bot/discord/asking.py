"""The usual question, and how a test knows its answer."""

from tests.fake_discord import Message

QUESTION = "Por que o gradiente some nas redes recorrentes?"


def is_cited(message: Message | None) -> bool:
    return (
        message is not None
        and bool(message.embeds)
        and "https://youtu.be/abc123?t=" in message.embeds[0]["description"]
    )


def shown(messages: list[Message]) -> Message | None:
    """The first message with references."""
    return next((message for message in messages if message.embeds), None)
