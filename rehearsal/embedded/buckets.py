"""What ministack's CloudFormation leaves out of buckets, and the key with which S3 encrypts by default."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from rehearsal.embedded import vanilla
from rehearsal.embedded.responses import result
from rehearsal.embedded.types import Properties

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_MANAGED_KEY: Final = "alias/aws/s3"
_vanilla_headers = vanilla.s3._resolve_sse_write_headers

# What a lifecycle rule may hold here; anything else would be lost, and is refused.
_RULE_KEYS: Final = {
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Id",
    "NoncurrentVersionExpiration",
    "Prefix",
    "Status",
}


def _encryption(value: Any) -> dict[str, Any]:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = value["ServerSideEncryptionConfiguration"]
    return {"Rule": [{names.get(key, key): item for key, item in rule.items()} for rule in rules]}


def _lifecycle(value: Any) -> dict[str, Any]:
    return {"Rule": [_lifecycle_rule(index, rule) for index, rule in enumerate(value["Rules"])]}


def _lifecycle_rule(index: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(rule.keys() - _RULE_KEYS):
        raise ValueError(f"the embedded AWS does not know {', '.join(unknown)} of a lifecycle rule")
    names = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    expiration = {name: rule[key] for key, name in names.items() if key in rule}
    return {
        "ID": rule.get("Id", f"rule-{index}"),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Status": rule["Status"],
        **({"Expiration": expiration} if expiration else {}),
        **{key: rule[key] for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload") if key in rule},
    }


def _logging(value: Any) -> dict[str, Any]:
    return {
        "LoggingEnabled": {
            "TargetBucket": value["DestinationBucketName"],
            "TargetPrefix": value.get("LogFilePrefix", ""),
        }
    }


def _forget_logging(name: str) -> None:
    vanilla.s3._bucket_logging_config.pop(name, None)


def _xml(root: str, content: Mapping[str, Any]) -> bytes:
    element = Element(root, xmlns=_NAMESPACE)
    _fill(element, content)
    return tostring(element)


def _fill(element: Element, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            child = SubElement(element, name)
            if isinstance(item, Mapping):
                _fill(child, item)
            else:
                child.text = str(item).lower() if isinstance(item, bool) else str(item)


def _configuration(
    name: str, root: str, convert: Callable[[Any], dict[str, Any]], put: Any, delete: Any
) -> tuple[str, Callable[[Any], bytes], Callable[[str, bytes], None], Any]:
    """Return what ministack wants to know of a property: name, its XML, how to put and to delete it."""

    def put_or_fail(bucket: str, body: bytes) -> None:
        status, _, answer = put(bucket, body)
        if status >= 300:
            raise ValueError(f"{name} of {bucket}: {answer!r}")

    return name, lambda value: _xml(root, convert(value)), put_or_fail, delete


def _add_properties() -> None:
    s3 = vanilla.s3
    vanilla.provisioners._S3_BUCKET_CONFIGURATIONS += (
        _configuration(
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            _encryption,
            s3._put_bucket_encryption,
            s3._delete_bucket_encryption,
        ),
        _configuration(
            "LifecycleConfiguration",
            "LifecycleConfiguration",
            _lifecycle,
            s3._put_bucket_lifecycle,
            s3._delete_bucket_lifecycle,
        ),
        _configuration(
            "LoggingConfiguration", "BucketLoggingStatus", _logging, s3._put_bucket_logging, _forget_logging
        ),
        _configuration(
            "OwnershipControls",
            "OwnershipControls",
            lambda value: {"Rule": value["Rules"]},
            s3._put_bucket_ownership_controls,
            s3._delete_bucket_ownership_controls,
        ),
        _configuration(
            "Tags",
            "Tagging",
            lambda tags: {"TagSet": {"Tag": tags}},
            s3._put_bucket_tagging,
            s3._delete_bucket_tagging,
        ),
    )
    vanilla.provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")


def _delete_bucket(name: str, _properties: Properties) -> None:
    status, _, body = vanilla.s3._delete_bucket(name)
    if status == 409:
        raise ValueError("The bucket you tried to delete is not empty (Service: S3, Status Code: 409)")
    if status >= 300 and status != 404:
        raise ValueError(f"{name} was not deleted: {body!r}")


def _with_managed_key(headers: Mapping[str, str], bucket_name: str) -> Any:
    """Encrypt with the key that AWS manages for S3 when a request asks for KMS and names no key."""
    key_header = "x-amz-server-side-encryption-aws-kms-key-id"
    if headers.get("x-amz-server-side-encryption") == "aws:kms" and not headers.get(key_header):
        headers = {**headers, key_header: _managed_key()}
    return _vanilla_headers(headers, bucket_name)


def _managed_key() -> str:
    kms = vanilla.kms
    known = [key_id for alias, key_id in kms._aliases.items() if alias.endswith(f":{_MANAGED_KEY}")]
    if known:
        key: dict[str, str] = kms._keys[known[0]]
    else:
        description = "Default key that protects my S3 objects when no other key is defined"
        key = result(kms._create_key({"Description": description}))["KeyMetadata"]
        result(kms._create_alias({"AliasName": _MANAGED_KEY, "TargetKeyId": key["KeyId"]}))
        kms._keys[key["KeyId"]]["FruitsKeyManager"] = "AWS"
    return key["Arn"]


def _show_key_manager() -> None:
    vanilla_metadata = vanilla.kms._key_metadata

    def metadata(record: Mapping[str, Any]) -> dict[str, Any]:
        return {**vanilla_metadata(record), "KeyManager": record.get("FruitsKeyManager", "CUSTOMER")}

    vanilla.kms._key_metadata = metadata


def install() -> None:
    """Complete the type of buckets, and S3's encryption."""
    _add_properties()
    _show_key_manager()
    vanilla.provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = _delete_bucket
    vanilla.s3._resolve_sse_write_headers = _with_managed_key
