"""How often a run and its upload ask S3 for something: with small photographs that costs more than the inference.

The counts are those of `job`: tests/job/test_requests.py runs it against an S3 server that counts, and holds this
module to what it finds there.
"""

import math
from dataclasses import dataclass
from typing import Final

from job.bounds import DEFAULT_BATCH_SIZE
from job.storage.tasks import sizes_in_a_row
from ops.pricing.amount import Amount, amount
from ops.pricing.price_book import PriceBook

PACKED: Final = 1_000
"""Photographs to an archive, in the comparison with packed photographs: 5 MB of Fruits-360."""

PAGE: Final = 1_000
"""Objects to a page of a listing (API reference of S3, ListObjectsV2)."""

GALLERY: Final = 1_200
"""Photographs that are read again for the report, at most (`job.report.showcase.GALLERY`)."""

# Of a first run; on a cluster Spark adds some dozens when it writes the model, however many photographs there are.
LISTINGS: Final = 18
GETS: Final = 3
PUTS: Final = 20
GETS_A_BATCH: Final = 8
"""Index 3 (the end of the object, its footer, two columns), moments 1, projections 1, probe 3."""
PUTS_A_BATCH: Final = 2
"""Features and projections."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests that S3 bills; to delete is free.

    Parameters
    ----------
    lists, gets, puts
        How many pages are listed, how often objects are read, and how many are written.
    """

    lists: int
    gets: int
    puts: int

    def price(self, prices: "RequestPrices") -> Amount:
        """Return what they cost; a page of a listing costs as much as an object that is written."""
        return prices.put * ((self.lists + self.puts) / 1000) + prices.get * (self.gets / 1000)


@dataclass(frozen=True, kw_only=True)
class RequestPrices:
    """USD for a thousand requests: PUT, POST and LIST; GET and HEAD."""

    put: Amount
    get: Amount

    @classmethod
    def of(cls, book: PriceBook, region: str) -> "RequestPrices":
        """Look them up."""
        put = amount(book, "s3", "put", region, what="S3 PUT and LIST requests")
        return cls(put=put, get=amount(book, "s3", "get", region, what="S3 GET requests"))


def requests_of_run(
    images: int, *, seconds: float, batch_size: int | None = None, csv: bool = False, packed: bool = False
) -> Requests:
    """Count the requests of a run that computes all of its photographs.

    Parameters
    ----------
    images
        Photographs, none of them computed before.
    seconds
        Of featurizing: the run looks every two seconds how far it is, in two folders.
    batch_size
        Photographs to a commit, at most; that of the job unless given.
    csv
        Whether the projections are exported as CSV, too.
    packed
        As if the photographs lay in archives, `PACKED` in each, which nothing here reads: for comparison.
    """
    most = batch_size or DEFAULT_BATCH_SIZE
    batches = sum(tasks * -(-size // most) for size, tasks in sizes_in_a_row(images))
    objects = _objects(images, packed=packed)
    listings = LISTINGS + math.ceil(seconds)
    return Requests(
        lists=_pages(objects) + listings * _pages(batches),
        gets=objects + min(objects, GALLERY) + GETS_A_BATCH * batches + GETS,
        puts=(PUTS_A_BATCH + csv) * batches + PUTS,
    )


def requests_of_upload(images: int, *, packed: bool = False) -> Requests:
    """Count the requests of `fruits images upload` for new photographs."""
    objects = _objects(images, packed=packed)
    return Requests(lists=1, gets=0, puts=objects)


def _objects(images: int, *, packed: bool) -> int:
    return -(-images // PACKED) if packed else images


def _pages(objects: int) -> int:
    return max(1, -(-objects // PAGE))
