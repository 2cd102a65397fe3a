"""The passages of a course that a question asks about."""
