"""How an answer is written: prose, code and formulas, told apart once, and formulas for eyes that read no LaTeX."""
