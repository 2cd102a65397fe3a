"""
What people may do in a play.

A move that finds nothing to act upon does nothing, so that any part of a script is a script; its turn goes to another.
"""

# In this order, which is that of the alphabet: a seed means the same moves for as long as it stays.
from tests.bot.discord.plays.moves import asking, chatter, reading, staff, vanishing
from tests.bot.discord.plays.moves.registry import MOVES, instead

__all__ = ["MOVES", "asking", "chatter", "instead", "reading", "staff", "vanishing"]
