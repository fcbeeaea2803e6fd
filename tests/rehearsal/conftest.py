"""What several scenarios and nodes share."""

from tests.rehearsal.nodes import deployed  # noqa: F401
from tests.rehearsal.scenarios import disk_image, photographs, transient  # noqa: F401
