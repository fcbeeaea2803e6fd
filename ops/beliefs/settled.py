"""What AWS's own documents have settled, with their source."""

from typing import Final

from ops.beliefs.belief import Settled

SETTLED: Final = (
    Settled(
        number=4,
        known=(
            "EMR 7 needs no interface endpoint: the cluster manager uses an interface in the subnet, "
            "8443 and 9443; from 8.0 on the endpoint is required"
        ),
        source='EMR Management Guide, "Working with Amazon EMR-managed security groups"',
    ),
    Settled(
        number=5,
        known=(
            "the rows for TCP, UDP and ICMP are as declared, EMR adds ways in only; 9443 from core nodes "
            "and all TCP to S3 are among the ways out that it asks for, and are declared now"
        ),
        source="the same page",
    ),
    Settled(
        number=8,
        known="the endpoint policy lists the buckets that EMR 7 needs; 8.x needs two more",
        source='"Minimum Amazon S3 policy for private subnet" of the same guide',
    ),
    Settled(
        number=10,
        known="both detail types and the name in a cluster's event",
        source='"Monitor Amazon EMR events with CloudWatch" of the same guide, and rules that others publish',
    ),
)
