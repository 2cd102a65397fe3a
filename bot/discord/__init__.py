"""Monitoria in Discord: the client, its cogs, and what they hear, show and send."""
