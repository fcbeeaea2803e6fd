"""Buckets: what lies in them, read, counted and deleted."""
