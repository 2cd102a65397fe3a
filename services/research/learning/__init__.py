"""
Let the judge learn from staff, and judge the judge.

`halves` parts the labelled questions for good: what is chosen is chosen on the one half, and must hold on the other.
`runs` keeps each time that a judge was measured, `picture` draws how it fared.
"""
