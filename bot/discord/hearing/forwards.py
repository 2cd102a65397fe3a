"""Read what a message says, also where it only passes on what another one said."""

import discord


def written(message: discord.Message) -> str:
    """
    Return the words of a message: its own, or those that it forwards.

    A forwarded message has no words of its own; those stand in the snapshot of what it forwards:
    https://discord.com/developers/docs/resources/message#message-snapshot-object
    """
    return message.content or "\n".join(passed.content for passed in message.message_snapshots if passed.content)


def replied_to(message: discord.Message) -> int | None:
    """Return the id of the message that *message* answers; one that is only forwarded is not answered."""
    reference = message.reference
    is_reply = reference is not None and reference.type is discord.MessageReferenceType.reply
    return reference.message_id if reference and is_reply else None
