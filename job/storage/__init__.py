"""Where photographs are read from and results are kept: folders and S3, listing, plan, and the store of features."""
