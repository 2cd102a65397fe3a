"""Which lectures a question names, by day, number or order: "na aula de terça", "lecture 5", "the last two"."""
