"""Extra configuration merged into our own, and what it must not change: encryption, cost stops, the job's own."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from infra.extra_configurations import CLASSIFICATIONS, OF_NOTEBOOKS, ExtraConfigurations

Files = Mapping[str, Mapping[str, str]]

_MEMORY: Final = frozenset({"spark.driver.memory", "spark.executor.memory", "spark.executor.memoryOverhead"})
TUNABLE: Final = _MEMORY | {
    "spark.sql.adaptive.enabled",
    "spark.hadoop.mapreduce.input.fileinputformat.list-status.num-threads",
}
"""Of what we set, what may be set otherwise; synth looks again whether executors then fit on their nodes."""

_ENCRYPTION: Final = "it would touch encryption"
_AWAY: Final = "it would lead the job to another S3, or to other rights, than the deployment's"
_COST: Final = "it would touch what ends an idle cluster"
_JOB: Final = "the job's step or the size of its executors decides it"

_REASONS: Final = (
    (r"spark\.(authenticate|ssl|io\.encryption|network\.(crypto|sasl))\b.*", _ENCRYPTION),
    (r"(hadoop\.rpc\.protection|hadoop\.ssl|dfs\.(encrypt|http\.policy|data\.transfer\.protection))\b.*", _ENCRYPTION),
    (r"dfs\.encryption\b.*|.*\.keystore\b.*|.*\.truststore\b.*", _ENCRYPTION),
    (r"fs\.s3a?n?\.(connection\.ssl|encryption|server-side-encryption|serverSideEncryption|cse)\b.*", _ENCRYPTION),
    (r"fs\.s3a?n?\.enableServerSideEncryption", _ENCRYPTION),
    (r"fs\.(s3|s3a|s3n|AbstractFileSystem\.s3a?n?)\.impl", _AWAY),
    (
        r"fs\.s3a?n?\.(endpoint|path\.style|proxy|access|secret|session|aws|assumed|awsAccessKeyId|awsSecret)\w*\b.*",
        _AWAY,
    ),
    (r"fs\.s3a?n?\.(authorization|customAWSCredentialsProvider|security|signing|delegation)\b.*", _AWAY),
    (r"fs\.defaultFS", _AWAY),
    (r"livy\.server\.(session\.(timeout|ttl|state-retain|max-creation)|recovery)\b.*", _COST),
    (r"yarn\.(node-labels|resourcemanager\.nodemanagers\.heartbeat|log-aggregation)\b.*", _COST),
    (r"spark\.(master|submit\.deployMode|yarn\.submit\.waitAppCompletion|fruits|pyspark)\b.*", _JOB),
    (r"spark\.(task\.cpus|task\.resource|executor\.(cores|instances|pyspark\.memory)|driver\.cores)\b.*", _JOB),
    (r"maximizeResourceAllocation", _JOB),
    (r"yarn\.(nodemanager\.resource|scheduler\.(minimum|maximum)-allocation)\b.*", _JOB),
    (r"(FRUITS|PYSPARK)_\w+", _JOB),
)
_PER_BUCKET: Final = re.compile(r"(fs\.s3a?n?)\.bucket\.(.+)")


def merged(ours: Files, extra: ExtraConfigurations | None, *, notebooks: bool) -> dict[str, dict[str, str]]:
    """Merge a file into our own configuration, value by value.

    Parameters
    ----------
    ours
        Values by classification.
    extra
        What is added; None for nothing.
    notebooks
        Whether the cluster has what notebooks need.

    Raises
    ------
    ValueError
        For a value that must not be set, or not otherwise; the message names it, and why.
    """
    files = {name: dict(values) for name, values in ours.items()}
    accepted = (*CLASSIFICATIONS, *(OF_NOTEBOOKS if notebooks else ()))
    for name, values in extra.files if extra else ():
        if name not in accepted:
            raise ValueError(f"{name}: no classification of this cluster; accepted: {', '.join(accepted)}")
        for key, value in values:
            if reason := _refusal(name, key, value, files.get(name, {})):
                raise ValueError(f"{name}: {key}={value}: {reason}; accepted: the file without it")
            files.setdefault(name, {})[key] = value
    return files


def _refusal(name: str, key: str, value: str, ours: Mapping[str, str]) -> str:
    """Return why a value is refused; nothing if it is not, as where it is what we set."""
    if ours.get(key) == value:
        return ""
    if name == "spark-defaults" and key in TUNABLE:
        return "it is no amount of memory such as 6g or 6144m" if key in _MEMORY and not _is_memory(value) else ""
    for form in _forms(key):
        for pattern, reason in _REASONS:
            if re.fullmatch(pattern, form, re.IGNORECASE):
                return reason
    return f"the deployment sets {ours[key]}" if key in ours else ""


def _forms(key: str) -> Iterator[str]:
    """Iterate over what a key may mean: Hadoop's, written for Spark; S3A's for all buckets, written for one of them."""
    plain = key.removeprefix("spark.hadoop.")
    yield from (key, plain)
    if found := _PER_BUCKET.fullmatch(plain):
        words = found[2].split(".")  # names of buckets have dots, too
        yield from (".".join([found[1], *words[begin:]]) for begin in range(1, len(words)))


def _is_memory(value: str) -> bool:
    return re.fullmatch(r"[1-9]\d{0,6}[mg]", value) is not None
