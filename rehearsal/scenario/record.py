"""What a rehearsal that passed leaves about itself: ``rehearsal.json``, which `fruits facts --rehearsal` reads."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.settings import DeploymentSettings
from ops.facts.origin import newest_commit
from rehearsal.node.instance import Kind
from rehearsal.scenario.scenario import Scenario
from rehearsal.scenario.stages import Ended

RECORD: Final = "rehearsal.json"


def write_record(
    output: Path, ended: Sequence[Ended], settings: DeploymentSettings, scenario: Scenario, kind: Kind
) -> Path:
    """Write how long each stage took, on what, and of which commit.

    Parameters
    ----------
    output
        Folder of the report.
    ended
        The stages; all passed.
    settings, scenario
        What was rehearsed.
    kind
        What the instances were.

    Returns
    -------
    Path
        The file.
    """
    first = scenario.evidence[0]
    content = {
        **newest_commit(["."])._asdict(),
        "deployment": {name: getattr(settings, name) for name in ("name", "region", "mode", "engine", "release_label")},
        "instances": kind,
        "photographs": len(first.photographs),
        "rendered": (first.manifest or {})["images"]["rendered"],
        "run": first.run,
        "seconds": round(sum(stage.seconds for stage in ended), 1),
        "stages": [{"name": stage.name, "seconds": round(stage.seconds, 1), "found": stage.detail} for stage in ended],
        "left": dict(scenario.kept),
    }
    path = output / RECORD
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
