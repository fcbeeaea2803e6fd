"""Between a node and the embedded AWS: AWS's own host names lead there, and no other name leads anywhere."""
