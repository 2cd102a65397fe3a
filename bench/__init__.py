"""Measurements of speed and quality, printed beside their targets; never part of the tests."""
