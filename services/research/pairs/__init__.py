"""
Compare two configurations by the answers that each gave to the same questions.

`asking` makes pairs of what was played, and has the judge compare each in both orders; `comparing` makes figures of
what the judge or staff said; `keeping` puts a comparison before staff; `standing` holds the judge against them, and
`exporting` writes all of it down.
"""
