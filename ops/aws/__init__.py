"""What the commands know of AWS: the account, the deployment in it, its clusters, buckets and stacks."""
