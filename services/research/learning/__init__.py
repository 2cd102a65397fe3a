"""
Let the judge learn from staff, and judge the judge.

`halves` parts the labelled questions for good: what is chosen is chosen on the one half, and must hold on the other.
`choosing` chooses examples, `configuring` makes them a configuration, `trying` asks the judge with and without it,
`shipping` decides, and `learn` is all of it. `runs` keeps each time that a judge was measured, `reliability` and
`picture` say and draw how it fared.
"""
