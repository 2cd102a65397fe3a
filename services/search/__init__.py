"""The passages of a course that a question asks about, and the generation of vectors that finds them."""
