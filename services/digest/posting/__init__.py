"""Each week told once: which is due, who tells it, and that nobody does so twice."""
