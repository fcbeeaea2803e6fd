"""EMR's configuration beside our own, from a file of the form that EMR's API and its console take."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

_ROOT: Final = Path(__file__).parents[1]
_LARGEST_BYTES: Final = 65_536
_KEYS: Final = frozenset({"Classification", "Properties", "Configurations"})
_ENVIRONMENT: Final = "-env"

CLASSIFICATIONS: Final = (
    *("capacity-scheduler", "core-site", "emrfs-site", "hadoop-env", "hadoop-log4j", "hdfs-env", "hdfs-site"),
    *("mapred-env", "mapred-site", "spark", "spark-defaults", "spark-env", "spark-hive-site", "spark-log4j2"),
    *("spark-metrics", "yarn-env", "yarn-site"),
)
"""Those of Hadoop and Spark; EMR refuses a cluster with one of an application that it does not have."""

OF_NOTEBOOKS: Final = ("livy-conf", "livy-env", "livy-log4j2")
"""Those of what an interactive cluster has besides."""


@dataclass(frozen=True, kw_only=True)
class ExtraConfigurations:
    """What a file adds to the configuration of a cluster.

    Parameters
    ----------
    path
        The file, as it was named.
    files
        Values by classification, in the order of the file; of ``*-env`` what they export.
    """

    path: str
    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    def __str__(self) -> str:
        return self.path


def read_extra(path: str) -> ExtraConfigurations:
    """Read a file; a relative name is below the project's folder.

    Raises
    ------
    ValueError
        For a file that is not there, or not of the form of EMR's API; the message names what is wrong.
    """
    try:
        with (_ROOT / path).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the file cannot be read ({error.strerror})") from None
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"the file has more than {_LARGEST_BYTES} bytes")
    try:
        parsed = json.loads(content, object_pairs_hook=_unrepeated)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"the file is not JSON ({error})") from None
    if not isinstance(parsed, list):
        raise ValueError("the file holds no list of classifications")  # noqa: TRY004 - pydantic reports ValueError
    files = tuple(_file(item) for item in parsed)
    names = [name for name, _ in files]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(repeated)}: named twice; write all of a classification in one place")
    return ExtraConfigurations(path=path, files=files)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"{', '.join(repeated)}: written twice")
    return dict(pairs)


def _file(item: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
    if not isinstance(item, dict) or not isinstance(item.get("Classification"), str):
        raise ValueError(f"{_short(item)} is no object with a Classification")  # noqa: TRY004 - as above
    name = item["Classification"]
    if unknown := sorted(item.keys() - _KEYS):
        raise ValueError(f"{name}: {', '.join(unknown)} is none of {', '.join(sorted(_KEYS))}")
    properties, nested = item.get("Properties", {}), item.get("Configurations", [])
    if not name.endswith(_ENVIRONMENT):
        if nested:
            raise ValueError(f"{name}: only what ends in {_ENVIRONMENT} has Configurations of its own")
        return name, tuple(_values(name, properties))
    if properties or [_name(inner) for inner in nested] != ["export"]:
        raise ValueError(f"{name}: holds one Configuration of its own, export, and no Properties")
    return name, tuple(_values(f"{name}/export", nested[0].get("Properties", {})))


def _name(item: Any) -> Any:
    return item.get("Classification") if isinstance(item, dict) else None


def _values(where: str, properties: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(properties, Mapping):
        raise ValueError(f"{where}: its Properties are no object")  # noqa: TRY004 - as above
    for key, value in properties.items():
        if not isinstance(value, str):
            raise ValueError(f'{where}: {key} is no text; write "{json.dumps(value)}"')  # noqa: TRY004 - as above
        yield key, value


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _from_name(value: Any) -> Any:
    return read_extra(value) if isinstance(value, str) else value


Extra = Annotated[ExtraConfigurations, BeforeValidator(_from_name)]
"""Such a file, written by its name."""
