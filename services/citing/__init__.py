"""From a sentence to the second where it is said: marks, support, quotations, what may stand as a link."""
