"""TLS of the embedded AWS: an authority of its own, which signs one certificate and is forgotten."""

import contextlib
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID: Final = timedelta(days=30)
_RENEWED_BEFORE: Final = timedelta(days=10)
_DOMAINS: Final = {"aws": "amazonaws.com", "aws-eusc": "amazonaws.eu"}
"""Of the partitions that have regions in the EU."""


def service_names() -> Iterator[str]:
    """Give the host names of AWS's services, as AWS's own certificates have them.

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

    An authority and a certificate signed by it, for some clients accept no certificate that is its own authority.
    The authority's key is never written: nobody can sign another certificate that the clients would trust.
    """
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name, server_name = (_name(f"Fruits rehearsal {what}") for what in ("authority", "server"))
    certificates_only = _usage(key_cert_sign=True, crl_sign=True)
    authority = (
        _builder(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(certificates_only, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName(name) for name in ("localhost", *service_names())]
    addresses = [*names, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server = (
        _builder(server_name, authority_name, server_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").touch(mode=0o600)
    (folder / "server.key").write_bytes(key)
    (folder / "server.pem").write_bytes(_pem(server) + _pem(authority))
    (folder / "authority.pem").write_bytes(_pem(authority))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of one machine can be set back
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
