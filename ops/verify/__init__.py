"""`fruits verify`: deploys for an hour, looks at what no account has shown so far, destroys, and reports."""
