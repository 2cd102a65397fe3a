"""What words mean in any course: terms, languages, fillers, kinds of question, what people say to each other."""
