"""
Tell an instructor what a course did not understand in a week.

`report` is what a digest says, `figures` counts it, `topics` groups questions by meaning, `weeks` says which weeks are
due, `pages`, `charts` and `mail` put it before people, `posting` sees that each week is posted once.
"""
