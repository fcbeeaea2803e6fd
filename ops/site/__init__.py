"""The documents as a site that opens from the disk."""
