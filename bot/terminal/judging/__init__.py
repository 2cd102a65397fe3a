"""The commands around the judge: work through its queue, learn from staff, see how it was measured."""
