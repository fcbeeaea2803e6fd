"""The commands of this machine, each in the module of its name."""
