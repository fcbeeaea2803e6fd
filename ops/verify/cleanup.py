"""Phases "destroy" and "leaks": everything goes, and nothing stays on the bill."""

import json
from typing import Any, Final

from ops.aws.clusters import list_clusters
from ops.beliefs.belief import Phase
from ops.errors import ExitCode, FruitsError
from ops.verify.findings import Answers, Check, Finding, holds, not_seen
from ops.verify.stage import Stage
from ops.verify.workspace import A, B, Environment, Workspace


def _destroy(workspace: Workspace) -> None:
    codes: dict[str, Any] = {}
    for env in (A, B, A, B):  # what was still being made at the first attempt goes at the second
        if workspace.deployment(env).stacks:
            bucket = _bucket(workspace, env)
            words = ("--yes-delete", bucket) if bucket else ()
            ended = workspace.fruits("destroy", "--all", "--yes", *words, env=env, accept=tuple(ExitCode))
            codes[env] = {"code": ended.code, "text": ended.text[-1500:]}
    clusters = list_clusters(workspace.places[A].client, workspace.places[A].settings.name)
    left = [stack.name for env in (A, B) for stack in workspace.deployment(env).stacks.values()]
    workspace.answers.put("destroyed", {"codes": codes, "clusters": [item.state for item in clusters], "left": left})
    if left:
        raise FruitsError(f"still there: {', '.join(left)}")


def _bucket(workspace: Workspace, env: Environment) -> str:
    storage = workspace.deployment(env).stacks.get("FruitsStorage")
    return storage.outputs.get("DataBucket", "") if storage else ""


def _stack_goes(answers: Answers) -> Finding:
    done = answers["destroyed"]
    if not done["clusters"]:
        return not_seen("there was no cluster")
    return holds(not [name for name in done["left"] if name.startswith("FruitsCompute")], done)


def _leaks(workspace: Workspace) -> None:
    found = {
        env: json.loads(workspace.fruits("leaks", "--json", env=env, accept=(0, 1, 3)).output)
        for env in workspace.needed
    }
    workspace.answers.put("leaks", found)


def leftovers(answers: Answers) -> list[str]:
    """Name what is left on the bill."""
    return [
        f"{item['kind']} {item['id']}"
        for found in answers["leaks"].values()
        for item in found["leftovers"]
        if not item["kept"] and not item["shared"]
    ]


def _nothing_left(answers: Answers) -> Finding:
    left = leftovers(answers)
    return holds(not left, left or "nothing is left")


DESTROY: Final = Stage(phase=Phase.DESTROY, minutes=9, act=_destroy, checks={2: Check(_stack_goes)})
LEAKS: Final = Stage(phase=Phase.LEAKS, minutes=1, act=_leaks, checks={28: Check(_nothing_left)})
