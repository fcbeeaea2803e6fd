"""What runs on this machine alone: the job, its report, and photographs to try it on."""
