"""The two things that we ask: a language model, and what places texts by meaning."""
