"""Whether S3 encrypts an object in a way that its ETag is no MD5 of it."""

import ssl
from datetime import timedelta
from typing import Final
from urllib.request import Request, urlopen

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, S3Store

_ENCRYPTION: Final = "x-amz-server-side-encryption"
_CUSTOMER_KEY: Final = "x-amz-server-side-encryption-customer-algorithm"
_SECONDS: Final = 60


def is_encrypted(store: ObjectStore, path: str) -> bool:
    """Return whether a key of KMS or of the customer encrypts an object (API reference of S3, Object: ETag).

    S3 says so in headers, which obstore keeps to itself. This costs a request, and is asked only about an object whose
    ETag is not the MD5 of what came. If S3 does not answer, the object counts as not encrypted.
    """
    if not isinstance(store, S3Store):
        return False
    try:
        request = Request(obstore.sign(store, "HEAD", path, timedelta(seconds=_SECONDS)), method="HEAD")
        with urlopen(request, timeout=_SECONDS, context=_trusting(store)) as answer:
            return answer.headers.get(_ENCRYPTION, "").startswith("aws:kms") or _CUSTOMER_KEY in answer.headers
    except (OSError, BaseError):
        return False


def _trusting(store: S3Store) -> ssl.SSLContext:
    """Trust the certificates that obstore was told to trust, beside the machine's."""
    given: str | bytes | None = (store.client_options or {}).get("root_certificate")
    return ssl.create_default_context(cadata=given.decode() if isinstance(given, bytes) else given)
