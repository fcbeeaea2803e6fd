"""All planted faults."""

from typing import Final

from tests.rehearsal.planted import faults_of_job, faults_of_nodes, faults_of_rights, faults_of_templates
from tests.rehearsal.planted.fault import Fault

FAULTS: Final[tuple[Fault, ...]] = (
    *faults_of_job.FAULTS,
    *faults_of_nodes.FAULTS,
    *faults_of_rights.FAULTS,
    *faults_of_templates.FAULTS,
)
