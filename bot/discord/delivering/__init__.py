"""The way of an answer to its messages, and of each change to all of them."""
