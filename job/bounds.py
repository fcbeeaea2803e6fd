"""Bounds and defaults of the job's arguments, for `job.arguments` and for the settings of a deployment."""

from typing import Final

DEFAULT_VARIANCE: Final = 0.95
"""Share of the variance that the components keep; any above 0, up to 1."""

MOST_COMPONENTS: Final = 1_280
"""As many as a photograph has features."""

DEFAULT_BATCH_SIZE: Final = 512
LARGEST_BATCH_SIZE: Final = 512
"""Photographs to a commit: as many as the largest task of a plan has (`job.storage.tasks.LARGEST_TASK`)."""

DEFAULT_ENGINE: Final = "litert"
DEFAULT_TRAIN_FOLDER: Final = "Training"
DEFAULT_TEST_FOLDER: Final = "Test"

DEFAULT_TEST_SHARE: Final = 0.2
"""Share of the photographs in neither folder that score the probe; from 0, none, to 1, all."""
