"""
Judge answers after they were given: how relevant, how well supported, or whether silence was right.

`promise` puts a job into the queue and `worker` takes it out, with what `briefs` gathers for it; `seconding` decides
where a second opinion is asked. `judge` asks the model: `tasks` says what, `verdicts` holds what is shown and found,
`examples` what it may be shown of staff's labels and `learned` what it is shown now, `reading` takes a verdict from its
text or none, `swaying` finds answers that speak to the judge. `recording` stores what came of it with its `flags`, by
the course's `rules`; `queue` shows what is stuck. `pairing` has two answers compared, which judges neither.
"""
