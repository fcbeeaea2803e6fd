"""The end: what is left, what is emptied, what is destroyed."""
