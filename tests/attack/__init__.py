"""Long trials by chance, each with its seed: `make attack`."""

import job  # noqa: F401 - first of all, as it has NumPy work on one thread, and so give the same bits as the job
