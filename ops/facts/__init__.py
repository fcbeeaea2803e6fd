"""Figures that documents may state: each with its value, unit, and the command and code that it comes from."""
