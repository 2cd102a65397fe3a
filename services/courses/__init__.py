"""Whose question it is, in which place, and by whose leave Monitoria speaks there."""
