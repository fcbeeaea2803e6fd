"""How long a run takes and what it costs, from a measurement; docs/cost.md writes the model down."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import FruitsError
from ops.pricing.amount import Amount, total
from ops.pricing.footprint import Footprint
from ops.pricing.price import Price
from ops.pricing.requests import Requests, requests_of_run, requests_of_upload

MEASURED: Final = Path(__file__).with_name("measured.json")

START_UP_SECONDS: Final = (300, 600, 900)
"""Least, usual and most from the request of a cluster to its first step: EC2, bootstrap action, Hadoop and Spark.

Five to fifteen minutes are what a comment in go-to-k/cdkd, emr-cluster-provider.ts (2026), gives for the creation of
a cluster; the middle is taken as usual. Nodes bill from when they start, which is in these minutes: all are counted.
"""

SHORTEST_BILL_SECONDS: Final = 60
"""EMR and EC2 bill by the second, a minute at least (FAQ of EMR)."""


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """A measured run of the job.

    Parameters
    ----------
    images
        Photographs it computed.
    cores
        Processors it used.
    featurize_seconds
        Seconds of decoding and inference, which more processors share.
    seconds
        Seconds of the whole run.
    engine, machine, date, source
        What was measured, where, when, and where that is written.
    """

    images: int
    cores: int
    featurize_seconds: float
    seconds: float
    engine: str
    machine: str
    date: str
    source: str

    @property
    def images_a_second(self) -> float:
        """Photographs that one processor featurizes in a second."""
        return self.images / self.featurize_seconds / self.cores

    def tail_seconds(self, images: int) -> float:
        """Start of Spark, PCA, projections and report: taken to grow with the photographs and not to be shared."""
        return (self.seconds - self.featurize_seconds) * max(1.0, images / self.images)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run: its name, and least, usual and most seconds."""

    name: str
    seconds: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A predicted run.

    Parameters
    ----------
    images
        Photographs to compute.
    nodes
        Number of nodes, the primary among them.
    vcpus
        Processors of core and task nodes, which compute.
    stages
        Stages in their order.
    cost
        Least, usual and most USD: the cluster, billed from the first to the last stage, and the requests.
    requests
        What it asks S3 for.
    requests_cost, upload_cost
        USD of its requests, and of those that upload its photographs.
    packing_saves
        USD of both that photographs in archives would save.
    fits
        Whether the maximum lifetime lets it end, at the usual time. If not, what is done by then is kept, and the
        next run goes on from there.
    """

    images: int
    nodes: int
    vcpus: int
    stages: tuple[Stage, ...]
    cost: tuple[Amount, Amount, Amount]
    requests: Requests
    requests_cost: Amount
    upload_cost: Amount
    packing_saves: Amount
    fits: bool

    @property
    def all_in(self) -> Amount:
        """USD of the run and of the upload before it."""
        return self.cost[1] + self.upload_cost

    @property
    def seconds(self) -> tuple[float, float, float]:
        """Least, usual and most seconds from the request of the cluster to its end."""
        least, usual, most = (sum(stage.seconds[i] for stage in self.stages) for i in range(3))
        return least, usual, most


class CannotPredict(FruitsError):
    """Nothing to predict from; the message says what is missing."""


def load_throughput(path: Path = MEASURED) -> Throughput:
    """Read the measurement that predictions start from."""
    return Throughput(**json.loads(path.read_text(encoding="utf-8")))


def predict(
    images: int, priced: Price, throughput: Throughput, *, batch_size: int | None = None, csv: bool = False
) -> Run:
    """Predict a run on a cluster of its own.

    Parameters
    ----------
    images
        Photographs that no earlier run has computed; 0 or more.
    priced
        What the cluster costs.
    throughput
        How fast the job is.
    batch_size, csv
        See `ops.pricing.requests.requests_of_run`.

    Raises
    ------
    CannotPredict
        Without a node that computes, or if the size of one is not known.

    Notes
    -----
    seconds = start-up + images / (rate of a vCPU x vCPUs) + tail(images) + idle stop (only of a cluster that stays).
    The cluster keeps its size: managed scaling is not predicted. A vCPU counts as a core of the measured machine.
    """
    footprint = priced.footprint
    vcpus = compute_vcpus(priced)
    work = images / (throughput.images_a_second * vcpus)
    tail = throughput.tail_seconds(images)
    waits = float(footprint.idle_stop or 0) if footprint.mode == "interactive" else 0.0
    stages = (
        Stage(name="start-up", seconds=START_UP_SECONDS),
        Stage(name="featurizing", seconds=(work, work, work)),
        Stage(name="Spark, PCA and report", seconds=(tail, tail, tail)),
        *((Stage(name="idle stop", seconds=(waits, waits, waits)),) if waits else ()),
    )
    requests, packed = (
        requests_of_run(images, seconds=work, batch_size=batch_size, csv=csv, packed=packed) for packed in (False, True)
    )
    upload = requests_of_upload(images)
    asked = requests.price(priced.requests)
    least, usual, most = (_cost(sum(stage.seconds[i] for stage in stages), priced) + asked for i in range(3))
    saved = _less(requests, packed), _less(upload, requests_of_upload(images, packed=True))
    return Run(
        images=images,
        nodes=sum(item.count for item in priced.nodes),
        vcpus=vcpus,
        stages=stages,
        cost=(least, usual, most),
        requests=requests,
        requests_cost=asked,
        upload_cost=upload.price(priced.requests),
        packing_saves=total(item.price(priced.requests) for item in saved),
        fits=_fits(footprint, START_UP_SECONDS[1] + work + tail),
    )


def compute_vcpus(priced: Price) -> int:
    """Count the vCPUs of the nodes that compute: all but the primary.

    Raises
    ------
    CannotPredict
        If there are none, or if the size of a node is not known.
    """
    workers = [item for item in priced.nodes if not item.fleet.endswith("primary")]
    unknown = sorted({item.type_name for item in workers if item.vcpus is None})
    if unknown:
        raise CannotPredict(f"no run can be predicted: the vCPUs of {', '.join(unknown)} are not known")
    vcpus = sum(item.vcpus or 0 for item in workers)
    if not vcpus:
        raise CannotPredict("no run can be predicted: there is no core or task node")
    return vcpus


def billed_seconds(seconds: float) -> int:
    """Round as AWS bills: whole seconds, a minute at least."""
    return max(SHORTEST_BILL_SECONDS, math.ceil(seconds))


def _cost(seconds: float, priced: Price) -> Amount:
    return priced.hour * (billed_seconds(seconds) / 3600) + priced.start


def _less(loose: Requests, packed: Requests) -> Requests:
    return Requests(lists=loose.lists - packed.lists, gets=loose.gets - packed.gets, puts=loose.puts - packed.puts)


def _fits(footprint: Footprint, seconds: float) -> bool:
    return footprint.max_lifetime is None or seconds <= footprint.max_lifetime
