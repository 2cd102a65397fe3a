"""
Judge answers after they were given: how relevant, how well supported, or whether silence was right.

`verdicts` says what a judge is shown and finds, `tasks` what is asked of its model, `reading` takes a verdict from its
text or none, `swaying` finds answers that speak to the judge, `asking` makes the calls, `recording` stores what came of
them with its flags.
"""
