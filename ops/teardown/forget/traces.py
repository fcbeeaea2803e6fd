"""Where a photograph is: itself in all versions, and each version of an object of the results that knows it."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from job.storage.layout import PROJECTIONS, REPORTS, run_of, within_trial
from job.storage.locations import Location
from ops.aws.account import Client, absent, asking
from ops.aws.s3.contents import unfinished_uploads
from ops.teardown.forget.kinds import LISTING, ORDER, OTHER, PAGE, Kind, kind_of
from ops.teardown.forget.subject import Subject

_READERS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of an object, or a delete marker."""

    key: str
    id: str
    latest: bool
    marker: bool
    etag: str


@dataclass(frozen=True, kw_only=True)
class Trace:
    """An object that knows the photograph.

    Parameters
    ----------
    key
        Its key.
    kind
        What it is.
    versions
        All versions and delete markers of the key.
    knowing
        Those that know the photograph.
    """

    key: str
    kind: Kind
    versions: tuple[Version, ...]
    knowing: tuple[Version, ...]

    @property
    def current(self) -> Version | None:
        """The version that a listing shows, if it knows the photograph."""
        return next((version for version in self.knowing if version.latest), None)


@dataclass(frozen=True, kw_only=True)
class Traces:
    """All that knows a photograph.

    Parameters
    ----------
    subject
        The photograph, with all versions that were found.
    bucket
        The data bucket.
    photograph
        Versions and delete markers of it.
    uploads
        Uploads of it that nobody has ended.
    results
        Objects of the results, in the order in which they are to be dealt with.
    others
        Keys of objects that are none of ours and name the photograph.
    looked_at
        How many versions of objects were looked at.
    """

    subject: Subject
    bucket: str
    photograph: tuple[Version, ...]
    uploads: tuple[str, ...]
    results: tuple[Trace, ...]
    others: tuple[str, ...]
    looked_at: int

    @property
    def none(self) -> bool:
        """Whether nothing of ours knows the photograph."""
        return not (self.photograph or self.uploads or self.results)


def find_traces(client: Client, subject: Subject, output: str) -> Traces:
    """Look at all versions of all objects below the output, and at the photograph's own.

    Parameters
    ----------
    client
        Clients of the account.
    subject
        The photograph.
    output
        URI of the results.

    Raises
    ------
    AwsRefused
        If something cannot be listed or read.
    """
    where = Location.parse(output)
    bucket, key = str(Location.parse(subject.root).bucket), subject.key
    with asking(f"look for {subject.uri}"):
        photograph = tuple(version for version in _versions(client, bucket, key) if version.key == key)
        uploads = tuple(
            upload["UploadId"] for upload in unfinished_uploads(client("s3"), bucket, key) if upload["Key"] == key
        )
        root = f"{where.path}/" if where.path else ""
        found = list(_versions(client, str(where.bucket), root))
        subject = subject.known_as(version.etag for version in photograph if not version.marker)
        search = _Search(client, bucket, root, subject)
        traces = search.all(found)
    results = [trace for trace in traces if trace.kind is not OTHER]
    return Traces(
        subject=search.subject,
        bucket=bucket,
        photograph=photograph,
        uploads=uploads,
        results=tuple(sorted(results, key=lambda trace: (ORDER.index(trace.kind), trace.key))),
        others=tuple(trace.key for trace in traces if trace.kind is OTHER),
        looked_at=len(found) + len(photograph),
    )


def read_version(client: Client, bucket: str, version: Version) -> bytes | None:
    """Read one version of an object whole; None if it is gone."""
    with absent("NoSuchKey", "NoSuchVersion", "404"):
        answer = client("s3").get_object(Bucket=bucket, Key=version.key, VersionId=version.id)
        content: bytes = answer["Body"].read()
        return content
    return None


class _Search:
    """Reads versions, those first that tell more of what to look for."""

    def __init__(self, client: Client, bucket: str, root: str, subject: Subject) -> None:
        self.subject = subject
        self._client, self._bucket, self._root = client, bucket, root
        self._about: set[str] = set()
        self._listed: set[str] = set()

    def all(self, found: Sequence[Version]) -> list[Trace]:
        """Return the traces: tables before indexes, which have digests alone, and listings before reports."""
        by_key = {key: tuple(versions) for key, versions in groupby(sorted(found, key=_by_key), _by_key)}
        kinds = {key: kind for key in by_key if (kind := kind_of(self._path(key)))}
        telling = {key: kind for key, kind in kinds.items() if kind.etags}
        later = {key: kind for key, kind in kinds.items() if key not in telling and kind is not PAGE}
        pages = {key: kind for key, kind in kinds.items() if kind is PAGE}
        traces: list[Trace] = []
        for group in (telling, later, pages):
            traces += self._among(by_key, group)
        return traces

    def _among(self, by_key: dict[str, tuple[Version, ...]], kinds: dict[str, Kind]) -> Iterator[Trace]:
        wanted = [(version, kinds[key]) for key in kinds for version in by_key[key] if not version.marker]
        with ThreadPoolExecutor(_READERS) as pool:
            looked = zip(wanted, pool.map(self._look, wanted), strict=True)
            knowing = [(version, etags) for (version, _), etags in looked if etags is not None]
        self.subject = self.subject.known_as(etag for _, etags in knowing for etag in etags)
        self._listed |= {run_of(self._path(version.key)) for version, kind in wanted if kind is LISTING}
        for key, group in groupby((version for version, _ in knowing), _by_key):
            self._note(key)
            yield Trace(key=key, kind=kinds[key], versions=by_key[key], knowing=tuple(group))

    def _look(self, item: tuple[Version, Kind]) -> frozenset[str] | None:
        """Return the versions of the photograph that an object has; None if it does not know the photograph."""
        version, kind = item
        if kind is PAGE:
            run = run_of(self._path(version.key))
            return frozenset() if run in self._about or run not in self._listed else None
        content = read_version(self._client, self._bucket, version)
        if content is None or not kind.knows(content, self.subject):
            return None
        return kind.etags(content, self.subject) if kind.etags else frozenset()

    def _path(self, key: str) -> str:
        return within_trial(key.removeprefix(self._root))

    def _note(self, key: str) -> None:
        """Record a run that is about the photograph."""
        path = self._path(key)
        if path.startswith((f"{REPORTS}/", f"{PROJECTIONS.name}/")):
            self._about.add(run_of(path))


def _versions(client: Client, bucket: str, prefix: str) -> Iterator[Version]:
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        yield from _of_page(page.get("Versions", ()), marker=False)
        yield from _of_page(page.get("DeleteMarkers", ()), marker=True)


def _of_page(items: Iterable[Any], *, marker: bool) -> Iterator[Version]:
    for item in items:
        yield Version(
            key=item["Key"],
            id=item["VersionId"],
            latest=item["IsLatest"],
            marker=marker,
            etag=item.get("ETag", "").strip('"'),
        )


def _by_key(version: Version) -> str:
    return version.key
