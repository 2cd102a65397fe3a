"""The readers, one for each way of writing captions: each yields a caption or a refusal for each cue, in file order."""
