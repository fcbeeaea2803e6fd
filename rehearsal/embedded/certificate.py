"""TLS of the embedded AWS: an authority of its own, which signs one certificate and is forgotten."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import boto3
import trustme
from cryptography import x509

_VALID: Final = timedelta(days=30)
_BACKDATED: Final = timedelta(minutes=5)
"""Clocks of one machine can be set back."""
_RENEWED_BEFORE: Final = timedelta(days=10)
_DOMAINS: Final = {"aws": "amazonaws.com", "aws-eusc": "amazonaws.eu"}
"""Of the partitions that have regions in the EU."""


def service_names() -> Iterator[str]:
    """Yield the host names of AWS's services, as AWS's own certificates have them.

    A wildcard stands for one label alone: a bucket with dots in its name has no certificate, as on S3.
    """
    for partition, domain in _DOMAINS.items():
        yield from (f"*.{domain}", f"*.s3.{domain}", f"*.elasticmapreduce.{domain}")
        for region in boto3.Session().get_available_regions("s3", partition_name=partition):
            yield from (f"*.{region}.{domain}", f"*.s3.{region}.{domain}")


def keep_certificate(folder: Path) -> None:
    """Make a certificate unless there is one that is good for days: clients that run know its authority."""
    with contextlib.suppress(OSError, ValueError):
        present = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
        complete = all((folder / name).stat().st_size for name in ("server.key", "authority.pem"))
        alternatives = present.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        complete &= set(service_names()) <= set(alternatives.get_values_for_type(x509.DNSName))
        if complete and present.not_valid_after_utc > datetime.now(UTC) + _RENEWED_BEFORE:
            return
    make_certificate(folder)


def make_certificate(folder: Path) -> None:
    """Write ``authority.pem`` for clients, ``server.pem`` and ``server.key`` for 127.0.0.1 and AWS's host names.

    The authority's key is never written: nobody can sign another certificate that the clients would trust.
    """
    now = datetime.now(UTC)
    authority = trustme.CA(organization_name="Fruits rehearsal")
    server = authority.issue_cert(
        *("localhost", "127.0.0.1", *service_names()),
        common_name="Fruits rehearsal server",
        not_before=now - _BACKDATED,
        not_after=now + _VALID,
    )
    (folder / "server.key").touch(mode=0o600)
    server.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    authority.cert_pem.write_to_path(folder / "authority.pem")
