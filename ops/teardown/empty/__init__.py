"""Deleting data, which takes two keys: a deployed setting, and a command that names the bucket."""
