"""Deletion of data, which takes two confirmations: a deployed setting, and the name of the bucket."""
