"""Long trials by chance, each with its seed: `make attack`."""
