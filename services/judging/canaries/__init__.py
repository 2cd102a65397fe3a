"""
Watch the judge by answers that it sees again and again.

`making` makes sentences wrong on purpose, `choosing` keeps twenty answers and twenty such sentences, `watching` has
them judged each week and after each change, `comparing` finds a shift or a miss, and `alerts` are what staff are told.
"""
