"""The photograph that is to be forgotten: how it is named, and by what it can be told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from job.storage.known import DIGEST_BYTES
from job.storage.locations import Location
from ops.errors import WrongUsage

_SCHEMES: Final = ("s3", "s3a", "s3n")


@dataclass(frozen=True)
class Subject:
    """A photograph.

    Parameters
    ----------
    root
        URI of the photographs, without a slash at its end.
    path
        Its path below the root.
    etags
        Versions of it that are known: of the objects, and of rows about them.
    """

    root: str
    path: str
    etags: frozenset[str] = field(default=frozenset())

    @property
    def uri(self) -> str:
        """Its URI, as the tables of the results have it."""
        return f"{self.root}/{self.path}"

    @property
    def key(self) -> str:
        """Its key in the bucket, as it stands: names may have two slashes in a row, or dots."""
        return Location.parse(self.root).child(self.path).path

    @property
    def digests(self) -> frozenset[bytes]:
        """What an index of batches has of it: one digest for each version (`job.storage.known`)."""
        keys = (f"{self.uri}\n{etag}" for etag in self.etags)
        return frozenset(blake2b(key.encode(), digest_size=DIGEST_BYTES).digest() for key in keys)

    def known_as(self, etags: Iterable[str]) -> "Subject":
        """Return it with further versions."""
        return Subject(self.root, self.path, self.etags | frozenset(etags))


def read_subject(given: str, images: str) -> Subject:
    """Read the URI of one photograph.

    Parameters
    ----------
    given
        What the user gave.
    images
        URI of the photographs of the deployment.

    Raises
    ------
    WrongUsage
        If it is no URI of an object below the photographs.
    """
    root = Location.parse(images).uri
    scheme, _, rest = given.partition("://")
    uri = f"s3://{rest}"
    if scheme not in _SCHEMES or given.endswith("/") or not uri.startswith(f"{root}/"):
        raise WrongUsage(f"{given} is no photograph of this deployment; accepted: {root}/…/<label>/<file>, one of them")
    return Subject(root, uri.removeprefix(f"{root}/"))
