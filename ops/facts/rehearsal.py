"""What a rehearsal wrote about itself as facts."""

import json
from pathlib import Path

from ops.facts.fact import Fact, FactsError
from ops.facts.machine import this_machine
from ops.facts.origin import Origin

_AGAIN = "run: make demo"


def rehearsal_facts(path: Path) -> dict[str, Fact]:
    """Read the record of a rehearsal of the rendered sample on this machine.

    Parameters
    ----------
    path
        The ``rehearsal.json`` beside its report.

    Raises
    ------
    FactsError
        If there is none, or it is none, or other photographs were rehearsed than everybody has.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = {
            "rehearsal.images": (int(record["photographs"]), "images", "rendered"),
            "rehearsal.seconds": (float(record["seconds"]), "s", "after set-up"),
            "rehearsal.stages": (len(record["stages"]), "stages", ""),
        }
        origin = Origin(str(record["commit"]), str(record["date"]))
        rendered, instances = bool(record["rendered"]), str(record["instances"])
    except FileNotFoundError:
        raise FactsError(f"{path} is missing; {_AGAIN}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise FactsError(f"{path} is no record of a rehearsal ({error!r}); {_AGAIN}") from None
    if not rendered or instances != "namespaces":
        raise FactsError(
            f"{path}: {'the rendered sample' if rendered else 'own photographs'}, instances: {instances}; accepted: the"
            f" rendered sample in namespaces, which is what the documents speak of; {_AGAIN}"
        )
    return {
        name: Fact(
            value=value, unit=unit, command="make demo", machine=this_machine(), remark=remark, **origin._asdict()
        )
        for name, (value, unit, remark) in found.items()
    }
