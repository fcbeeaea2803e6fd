"""The same job on one machine of EC2, started by hand or by AWS Batch, which charges nothing on top of EC2."""

from dataclasses import dataclass

from ops.pricing.amount import Amount
from ops.pricing.prediction import CannotPredict, Throughput, billed_seconds
from ops.pricing.price import Price


@dataclass(frozen=True, kw_only=True)
class MachineRun:
    """A predicted run on a single instance.

    Parameters
    ----------
    type_name
        Its instance type.
    vcpus
        Its processors.
    seconds
        Seconds from when the job begins.
    cost
        USD of the run.
    """

    type_name: str
    vcpus: int
    seconds: float
    cost: Amount


def predict_machine(images: int, priced: Price, throughput: Throughput) -> MachineRun:
    """Predict a run on one On-Demand instance of the type that the core fleet takes, without EMR.

    Parameters
    ----------
    images
        Photographs that no earlier run has computed.
    priced
        Price of the cluster.
    throughput
        How fast the job is.

    Raises
    ------
    CannotPredict
        If there is no On-Demand node whose size is known.

    Notes
    -----
    EC2 and disks by the second, a minute at least; no fee of EMR, no primary node. The start of the instance is not
    counted.
    """
    nodes = next((item for item in priced.nodes if item.fleet.endswith("core") and item.market == "On-Demand"), None)
    if nodes is None or nodes.vcpus is None:
        raise CannotPredict("no run on one machine can be predicted: there is no On-Demand core node of a known size")
    vcpus = nodes.vcpus // nodes.count
    seconds = images / (throughput.images_a_second * vcpus) + throughput.tail_seconds(images)
    hour = (nodes.ec2 + nodes.disks) * (1 / nodes.count)
    return MachineRun(
        type_name=nodes.type_name, vcpus=vcpus, seconds=seconds, cost=hour * (billed_seconds(seconds) / 3600)
    )
