"""Which environment a checkout is about: the command `fruits use`."""
