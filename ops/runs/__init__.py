"""Runs of the job on a cluster: submitted, watched, looked up, and their logs and results fetched."""
