"""What people say of answers, and how staff settle what is weak: votes, cards, verdicts, corrections, what is kept."""
