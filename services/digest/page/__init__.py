"""A digest put before people: words, figures, charts, page and mail."""
