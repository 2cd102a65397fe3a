"""What people say of answers, and how staff settle what is weak: votes, cards, verdicts, what they keep."""
