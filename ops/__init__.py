"""Everything around a deployment: the `fruits` command and what it calls."""
