"""Files out and in, agreement between judge and people, and evaluation on fixed questions."""
