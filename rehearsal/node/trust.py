"""Trust in the embedded AWS where programs look for authorities: AWS's own are in all these lists."""

import os
import tempfile
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

AUTHORITIES: Final = "etc/authorities.pem"
"""On an instance's disk: the list of the system and of Python's packages."""

JAVA_AUTHORITIES: Final = "etc/authorities.p12"
"""On an instance's disk: Java's list."""

_LISTS: Final = ("botocore/cacert.pem", "certifi/cacert.pem", "pip/_vendor/certifi/cacert.pem")


def write_authorities(disk: Path, authority: Path) -> None:
    """Write the lists of an instance that trusts one authority alone."""
    certificate = authority.read_bytes()
    (disk / AUTHORITIES).write_bytes(certificate)
    trusted = [pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(certificate), b"aws")]
    (disk / JAVA_AUTHORITIES).write_bytes(pkcs12.serialize_java_truststore(trusted, NoEncryption()))


def lists_of_packages(environment: Path) -> list[Path]:
    """Find the lists that packages of a Python environment bring with them."""
    return [found for name in _LISTS for found in environment.glob(f"lib*/python3*/site-packages/{name}")]


def trust_in_environments(folder: Path, authority: Path) -> None:
    """Put the authority in place of those that the packages of all environments below a folder trust."""
    for environment in folder.glob("*/pyvenv.cfg"):
        for path in lists_of_packages(environment.parent):
            # A new file: the old one may be shared with a disk image.
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(descriptor, "wb") as replacement:
                replacement.write(authority.read_bytes())
            Path(name).chmod(path.stat().st_mode)
            Path(name).replace(path)
