"""What an operator asks: whether all of it works, and is saved."""
