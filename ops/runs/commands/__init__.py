"""The commands around runs, each in the module of its name."""
