"""Photographs from this machine to the data bucket."""
