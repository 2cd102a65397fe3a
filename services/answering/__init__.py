"""One question to one stored reply, and every place where that reply stands."""
