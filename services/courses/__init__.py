"""
Whose question it is, in which place, and by whose leave Monitoria speaks there.

Courses with what each has set for its judge, the places that belong to them, people as pseudonyms with what they may do
with what is stored about them, and who has the floor in a thread.
"""
