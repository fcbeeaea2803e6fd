"""The same job on EMR Serverless: workers that bill by vCPU and memory, and nothing around them."""

from dataclasses import dataclass
from typing import Final

from ops.pricing.amount import Amount, amount
from ops.pricing.footprint import Footprint
from ops.pricing.prediction import Throughput, billed_seconds
from ops.pricing.price_book import PriceBook

WORKER_VCPUS: Final = 4
WORKER_MEMORY_GB: Final = 16
"""A worker as large as a general-purpose node of four vCPUs, which the job is sized for."""


@dataclass(frozen=True, kw_only=True)
class ServerlessRun:
    """A predicted run on EMR Serverless.

    Parameters
    ----------
    workers
        Driver and executors, four vCPUs and 16 GB each.
    seconds
        Seconds from when they are ready, which is when they begin to bill.
    hour
        USD an hour.
    cost
        USD of the run.
    """

    workers: int
    seconds: float
    hour: Amount
    cost: Amount


def predict_serverless(
    images: int, vcpus: int, footprint: Footprint, book: PriceBook, throughput: Throughput
) -> ServerlessRun:
    """Predict a run on as many vCPUs as a cluster would compute on, and a driver.

    Parameters
    ----------
    images
        Photographs that no earlier run has computed.
    vcpus
        Processors of the executors together.
    footprint
        Footprint of the cluster, for its region and architecture.
    book, throughput
        Prices and speed.

    Notes
    -----
    Aggregate vCPU- and GB-hours from a worker's start to its end, by the second with a minute at least; the first 20 GB
    of disk of each worker are free (https://aws.amazon.com/emr/pricing/). Its start-up is not billed and not counted.
    """
    workers = 1 + -(-vcpus // WORKER_VCPUS)
    architecture = footprint.architecture or "x86_64"
    cpu, memory = (
        amount(
            book,
            "emr-serverless",
            f"{what} {architecture}",
            footprint.region,
            what=f"EMR Serverless {what} {architecture}",
        )
        for what in ("vcpu", "memory")
    )
    hour = (cpu * WORKER_VCPUS + memory * WORKER_MEMORY_GB) * workers
    seconds = images / (throughput.images_a_second * vcpus) + throughput.tail_seconds(images)
    return ServerlessRun(workers=workers, seconds=seconds, hour=hour, cost=hour * (billed_seconds(seconds) / 3600))
