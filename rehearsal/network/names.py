"""Which of AWS's host names lead where."""

from collections.abc import Collection
from typing import Final

DOMAINS: Final = ("amazonaws.com", "amazonaws.eu")
"""Of AWS's services in the partitions that have regions in the EU."""

EVERYTHING: Final = "*"
"""Stands for all services."""


def is_aws(host: str) -> bool:
    """Return whether a host name is one of AWS's services."""
    return host.lower().rstrip(".").endswith(tuple(f".{domain}" for domain in DOMAINS))


def service_of(host: str) -> str:
    """Return the service behind one of AWS's host names, as its VPC endpoint is named.

    Examples
    --------
    >>> service_of("some.bucket.s3.eu-west-3.amazonaws.com"), service_of("sts.eu-west-3.amazonaws.com")
    ('s3', 'sts')
    >>> service_of("eu-west-3.elasticmapreduce.amazonaws.com")
    'elasticmapreduce'
    """
    labels = host.lower().rstrip(".").removesuffix(".amazonaws.com").removesuffix(".amazonaws.eu").split(".")
    if "s3" in labels:
        return "s3"
    named = [label for label in labels if label.count("-") < 2]
    return named[-1] if named else labels[0]


def is_reached(host: str, services: Collection[str], region: str) -> bool:
    """Return whether a network in a region leads to the service behind a host name.

    A VPC endpoint serves the names of its own region alone: ``bucket.s3.amazonaws.com`` is in Virginia.
    """
    return EVERYTHING in services or (f".{region}." in f".{host}" and service_of(host) in services)
