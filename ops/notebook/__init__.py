"""The notebook: built from one source in two languages, run here or on a cluster, and published as a page."""
