"""Who speaks to us, about which course, and whether it is our turn."""
