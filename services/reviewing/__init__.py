"""Staff settle what is weak: cards, verdicts, corrections, and what they keep as verified."""
