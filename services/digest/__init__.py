"""
Tell an instructor what a course did not understand in a week.

`report` is what a digest says, `figures` counts it, `topics` groups questions by meaning, `page` puts it into words,
charts, pages and mails, `posting` knows which weeks are due and sees that each is told once, `digests` is what is asked
from outside.
"""
