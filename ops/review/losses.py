"""What a deployment would destroy: the cluster with a running job, and data."""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any, Final

from ops.review.changes import Action, ResourceChange
from ops.review.consequences import Consequence, Level
from ops.review.names import Names
from ops.review.replacement import CLUSTER

Jobs = Callable[[ResourceChange], str]
"""Tells what runs on a cluster now."""

_BUCKET: Final = "AWS::S3::Bucket"
_KEY: Final = "AWS::KMS::Key"
_DEFINITIONS: Final = ("AWS::Glue::Database", "AWS::Glue::Table")
_VERBS: Final = {
    Action.REPLACED: "replaces",
    Action.MAY_BE_REPLACED: "may replace",
    Action.REMOVED: "removes",
}
_NEVER: Final = 10**6  # days; longer than anything expires


def losses(change: ResourceChange, names: Names, *, where: str, jobs: Jobs) -> Iterator[Consequence]:
    """Find what is lost with a change.

    Parameters
    ----------
    change
        Change of one resource.
    names
        Names of references.
    where
        The resource as people call it.
    jobs
        Asked what runs on a cluster that would go.
    """

    def found(level: Level, subject: str, text: str) -> Consequence:
        return Consequence(level=level, subject=subject, where=where, text=text)

    if change.gone and change.kind == CLUSTER:
        text = f"this {_VERBS[change.action]} the cluster: a running job would be lost; {jobs(change)}"
        yield found(Level.DESTRUCTIVE, "cluster", text)
    elif change.gone and change.kept:
        if _loss(change):
            text = f"this {_VERBS[change.action]} it, but its policy keeps what is there; no stack owns it any more"
            yield found(Level.WARNING, "data", text)
    elif change.gone and (loss := _loss(change)):
        yield found(Level.DESTRUCTIVE, "data", f"this deletes data: it {_VERBS[change.action]} {loss}")
    if not change.gone and change.old:
        yield from (found(level, "data", text) for level, text in _weaker_hold(change, names))


def _loss(change: ResourceChange) -> str:
    if change.kind == _BUCKET:
        return "the bucket, which CloudFormation deletes if it is empty and fails to delete if it is not"
    if change.kind == _KEY:
        days = change.old.get("Properties", {}).get("PendingWindowInDays", 30)
        return f"the key: {days} days later nothing that it encrypted can be read"
    if change.kind in _DEFINITIONS:
        return "a definition of tables; the files that it describes stay in the bucket"
    return f"the {change.kind} with what it holds" if change.kind in _stateful() else ""


def _stateful() -> Mapping[str, Any]:
    """Return the types that cfn-lint takes for stateful (its rule I3011)."""
    file = resources.files("cfnlint.data.AdditionalSpecs").joinpath("StatefulResources.json")
    kinds: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))["ResourceTypes"]
    return kinds


def _weaker_hold(change: ResourceChange, names: Names) -> Iterator[tuple[Level, str]]:
    if not _loss(change):
        return
    for item in change.differences:
        if item.path in {"DeletionPolicy", "UpdateReplacePolicy"} and item.new == "Delete":
            occasion = "when it is removed" if item.path == "DeletionPolicy" else "when it is replaced"
            yield Level.WARNING, f"nothing keeps it any more {occasion}: {item.path} {item.old} -> Delete"
    old, new = change.old.get("Properties", {}), change.new.get("Properties", {})
    if change.kind == _KEY and old.get("Enabled", True) and not new.get("Enabled", True):
        yield Level.WARNING, "the key is switched off: nothing that it encrypted can be read until it is on again"
    if change.kind == _BUCKET:
        yield from _bucket(change, old, new, names)


def _bucket(
    change: ResourceChange, old: Mapping[str, Any], new: Mapping[str, Any], names: Names
) -> Iterator[tuple[Level, str]]:
    if _versioned(old) and not _versioned(new):
        yield Level.WARNING, "old versions are kept no longer: what is overwritten or deleted cannot be recovered"
    before, after = (_expirations(side, change.stack, names) for side in (old, new))
    for (folder, what), days in sorted(after.items()):
        former = min(
            (age for (other, kind), age in before.items() if kind == what and folder.startswith(other)), default=_NEVER
        )
        if days < former:
            since = "" if former == _NEVER else f", not {former}"
            subject = f"{what} of {folder or 'the whole bucket'}"
            level = Level.DESTRUCTIVE if what == "objects" else Level.WARNING
            prefix = "this deletes data: S3 deletes" if what == "objects" else "S3 deletes"
            yield level, f"{prefix} {subject} after {days} days{since}"


def _versioned(properties: Mapping[str, Any]) -> bool:
    return bool(properties.get("VersioningConfiguration", {}).get("Status") == "Enabled")


def _expirations(properties: Mapping[str, Any], stack: str, names: Names) -> Mapping[tuple[str, str], int]:
    """Return the days after which S3 deletes, by folder and kind of objects."""
    found: dict[tuple[str, str], int] = {}
    for rule in properties.get("LifecycleConfiguration", {}).get("Rules", ()):
        if rule.get("Status") != "Enabled":
            continue
        folder = names.text(rule.get("Prefix", rule.get("Filter", {}).get("Prefix", "")), stack)
        noncurrent = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        days = {
            "objects": rule.get("ExpirationInDays"),
            "old versions": rule.get("NoncurrentVersionExpirationInDays", noncurrent),
        }
        for what, age in days.items():
            if age is not None:
                found[folder, what] = min(int(age), found.get((folder, what), _NEVER))
    return found
