"""A rehearsal passes only if all is there: real evidence, harmed in one place, is noticed each time."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rehearsal.clients import clients_of
from rehearsal.embedded.aws import find_aws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.inventory import inventory
from rehearsal.node.daemon import find_node
from rehearsal.scenario.checks import check_changes, check_nothing_computed, check_run
from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.photographs import Changes
from rehearsal.scenario.review import check_idle_stop_alone, check_no_differences
from rehearsal.scenario.teardown import explain_leftovers
from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.tree import plant
from tests.rehearsal.scenarios import Rehearsed


@pytest.fixture(scope="module")
def evidence(transient: Rehearsed) -> Evidence:
    """What the first run of a rehearsal has left."""
    return transient.scenario.evidence[0]


def _with_manifest(evidence: Evidence, *path: str, value: Any) -> Evidence:
    """Return evidence whose manifest, printed and kept, claims something else."""
    manifest = copy.deepcopy(dict(evidence.manifest or {}))
    at = manifest
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return replace(evidence, manifest=manifest, printed=manifest)


def _with_table(evidence: Evidence, folder: str, change: Callable[[pa.Table], pa.Table]) -> Evidence:
    """Return evidence in which one table of a folder is another."""
    path = sorted(evidence.below(folder))[0]
    return replace(evidence, tables={**evidence.tables, path: change(evidence.tables[path])})


def _without_last(table: pa.Table) -> pa.Table:
    return table.slice(0, table.num_rows - 1)


def _with_column(name: str, change: Callable[[list[Any]], list[Any]]) -> Callable[[pa.Table], pa.Table]:
    def give(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        values = pa.array(change(table[name].to_pylist()), table.schema.field(name).type)
        return table.set_column(place, table.schema.field(name), values)

    return give


def _shifted(rows: list[list[float]]) -> list[list[float]]:
    return [[rows[0][0] + 0.01, *rows[0][1:]], *rows[1:]]


def _zeroed(rows: list[list[float]]) -> list[list[float]]:
    return [[0.0] * len(row) for row in rows]


LIES: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "no manifest printed": (lambda e: replace(e, printed=None), "printed no manifest"),
    "no manifest kept": (lambda e: replace(e, manifest=None), "is not among its reports"),
    "another manifest printed": (lambda e: replace(e, printed={**(e.printed or {}), "slots": 99}), "differ in slots"),
    "more photographs claimed": (
        lambda e: _with_manifest(e, "counts", "images", value=37),
        "claims counts.images = 37; counted on S3: 36",
    ),
    "more features claimed": (lambda e: _with_manifest(e, "counts", "features", value=37), "claims counts.features"),
    "more bytes claimed": (lambda e: _with_manifest(e, "images", "bytes", value=1), "claims images.bytes = 1"),
    "more variance claimed": (lambda e: _with_manifest(e, "pca", "explained", value=0.99), "0.9900 of the variance"),
    "fewer components than asked for": (
        lambda e: _with_manifest(e, "pca", "requested", value={"variance": 0.99}),
        "asked for were the fewest that hold 0.99",
    ),
    "a photograph without features": (
        lambda e: _with_table(e, "features", _without_last),
        "1 photographs have neither",
    ),
    "features of a photograph that is not there": (
        lambda e: replace(e, photographs=dict(sorted(e.photographs.items())[1:])),
        "1 rows tell of photographs that are not there",
    ),
    "features of another version": (
        lambda e: replace(e, photographs=dict.fromkeys(e.photographs, "0" * 32)),
        "36 photographs have neither",
    ),
    "a wrong label": (
        lambda e: _with_table(e, "features", _with_column("label", lambda labels: ["Fig"] * len(labels))),
        "has the label Fig",
    ),
    "features that are all zero": (
        lambda e: replace(
            e, tables={p: _with_column("feature", _zeroed)(t) if "features/" in p else t for p, t in e.tables.items()}
        ),
        "most photographs have the features of another one",
    ),
    "a column that the catalog does not know": (
        lambda e: _with_table(e, "features", lambda table: table.append_column("mood", table["label"])),
        "does not have the columns that the catalog declares for features",
    ),
    "a projection that is not one": (
        lambda e: _with_table(e, "projections", _with_column("projection", _shifted)),
        "projections are not those of the features",
    ),
    "a photograph without a projection": (
        lambda e: _with_table(e, "projections", _without_last),
        "35 photographs are projected, 36 have features",
    ),
    "no projections": (
        lambda e: replace(e, tables={p: t for p, t in e.tables.items() if not p.startswith("projections")}),
        "projections are those of no run",
    ),
    "another mean": (
        lambda e: replace(e, arrays={**e.arrays, "mean": e.arrays["mean"] + 1e-6}),
        "the mean saved with the components is not that of the features",
    ),
    "components of something else": (
        lambda e: replace(e, arrays={**e.arrays, "components": np.roll(e.arrays["components"], 1, axis=1)}),
        "the shares of variance saved with the components are not theirs",
    ),
    "components that are too long": (
        lambda e: replace(e, arrays={**e.arrays, "components": e.arrays["components"] * 1.01}),
        "components are not orthonormal",
    ),
    "no arrays": (lambda e: replace(e, arrays={}), "check_components cannot be checked"),
    "no pipeline model": (
        lambda e: replace(e, objects={p: v for p, v in e.objects.items() if "/model/metadata" not in p}),
        "there is no pipeline model",
    ),
    "no report": (lambda e: replace(e, report=None), "has no report"),
    "the report of another run": (
        lambda e: replace(e, report=b"<!doctype html><html>"),
        "the report is not that of run",
    ),
    "a report that is no page": (lambda e: replace(e, report=b"passed"), "the report is not a page of HTML"),
    "a report with a script from elsewhere": (
        lambda e: replace(e, report=(e.report or b"") + b'<script src="https://example.org/plot.js"></script>'),
        "the report needs what is elsewhere: https://example.org/plot.js",
    ),
    "no record": (lambda e: replace(e, records={}), "the records of the runs say nothing"),
    "a record of a run that failed": (
        lambda e: replace(e, records={path: {**record, "state": "failed"} for path, record in e.records.items()}),
        "the records of the runs say ['failed']",
    ),
    "a record of another run": (
        lambda e: replace(e, records={path: {**record, "run": "0" * 16} for path, record in e.records.items()}),
        f"the newest record is of run {'0' * 16}",
    ),
    "rubbish among the results": (
        lambda e: replace(e, objects={**e.objects, "features/_temporary/0": ("0", "0")}),
        "objects that the layout does not know: features/_temporary/0",
    ),
}


def test_what_a_run_has_left_is_found_right(evidence: Evidence) -> None:
    assert check_run(evidence) == []


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_run_is_found(evidence: Evidence, lie: str) -> None:
    harm, finding = LIES[lie]
    assert finding in "; ".join(check_run(harm(evidence)))


def test_a_second_run_that_computes_is_found(transient: Rehearsed) -> None:
    first, second, third = transient.scenario.evidence
    assert check_nothing_computed(first, second) == []
    found = check_nothing_computed(second, third)
    assert "it says that it computed 15 photographs, of which none was new" in found
    assert any(finding.startswith("it wrote ") for finding in found)
    assert any(finding.startswith("it deleted ") for finding in found)
    assert "it left 1 records of itself, not one that says that nothing changed" in found


def test_a_run_that_computes_too_little_or_too_much_is_found(transient: Rehearsed) -> None:
    _, second, third = transient.scenario.evidence
    one_more = Changes(("Fig/1.jpg",), (), ())
    assert "it computed 15 photographs; 1 are new or changed" in check_changes(second, third, one_more)
    assert "features of 15 photographs are new or different; 1 photographs are" in check_changes(
        second, third, one_more
    )


def test_a_deleted_photograph_that_stays_is_found(transient: Rehearsed) -> None:
    _, second, third = transient.scenario.evidence
    stays = sorted(third.photographs)[0]
    found = check_changes(second, third, Changes((), (), (stays,)))
    assert f"{stays} was deleted, and is still in the features" in found
    assert f"{stays} was deleted, and is still in the projections" in found


IDLE_STOP = """Stack FruitsCompute (FruitsCompute-demo) (aws://000000000000/eu-west-3)
Resources
[~] AWS::EMR::Cluster Cluster ClusterEB0386A7
 └─ [~] AutoTerminationPolicy
     └─ [~] .IdleTimeout:
"""


def test_a_difference_where_none_should_be_is_found() -> None:
    assert check_no_differences(1, IDLE_STOP) == ["FruitsCompute changes AWS::EMR::Cluster (AutoTerminationPolicy)"]


def test_a_diff_that_compared_nothing_is_found() -> None:
    assert check_no_differences(0, "") == ["cdk diff did not say that it compared the stacks"]


def test_an_idle_stop_that_shows_as_expected_is_found_right() -> None:
    assert check_idle_stop_alone(1, IDLE_STOP, transient=False) == []


def test_an_idle_stop_that_does_not_show_is_found() -> None:
    assert check_idle_stop_alone(0, "", transient=False) == [
        "cdk diff ended with code 0, not 1",
        "not shown: FruitsCompute changes AWS::EMR::Cluster (AutoTerminationPolicy)",
    ]


def test_an_idle_stop_that_replaces_an_interactive_cluster_is_found() -> None:
    text = IDLE_STOP.replace("ClusterEB0386A7", "ClusterEB0386A7 replace")
    assert "not expected: FruitsCompute replaces AWS::EMR::Cluster (AutoTerminationPolicy)" in check_idle_stop_alone(
        1, text, transient=False
    )


def test_another_resource_that_changes_with_the_idle_stop_is_found() -> None:
    text = f"{IDLE_STOP}[-] AWS::S3::Bucket Storage/Data StorageData6BB23F4E destroy\n"
    assert check_idle_stop_alone(1, text, transient=False) == ["not expected: FruitsCompute removes AWS::S3::Bucket"]


@pytest.fixture(scope="module")
def leftovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """An account before and after somebody left things there."""
    with embedded_aws(tmp_path_factory.mktemp("leftovers")) as aws:
        client = clients_of(aws)
        region: Any = aws.region  # stubs know literal names alone
        before = inventory(client)
        client("sns").create_topic(Name="left")
        client("s3").create_bucket(Bucket="left-behind", CreateBucketConfiguration={"LocationConstraint": region})
        client("ec2").create_vpc(CidrBlock="10.20.0.0/16")
        client("logs").create_log_group(logGroupName="left")
        client("kms").create_key()
        client("iam").create_role(RoleName="left", AssumeRolePolicyDocument="{}")
        yield before, inventory(client)


@pytest.mark.parametrize("kind", ["topic", "bucket", "vpc", "log group", "kms key Enabled", "role"])
def test_a_leftover_after_destroy_is_found(leftovers: tuple[frozenset[str], frozenset[str]], kind: str) -> None:
    before, after = leftovers
    _, unexpected = explain_leftovers(blank=before, bootstrapped=before, left=after)
    assert len([item for item in unexpected if item.startswith(f"{kind} ")]) >= 1


@pytest.mark.parametrize("state", ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"])
def test_a_cluster_that_lives_on_is_found(state: str) -> None:
    reasons, unexpected = explain_leftovers(blank=(), bootstrapped=(), left=[f"emr cluster {state} j-1"])
    assert (reasons, unexpected) == ({}, [f"emr cluster {state} j-1"])


@pytest.mark.long
def test_a_bootstrap_that_installs_nothing_fails_the_rehearsal(tmp_path: Path, photographs: Path) -> None:
    (fault,) = [fault for fault in FAULTS if fault.name == "the bootstrap action installs nothing"]
    project = plant(fault, tmp_path / "project")
    folder = project / "build" / "rehearsal"
    program = "import typer; from rehearsal.rehearse import rehearse; typer.run(rehearse)"
    done = subprocess.run(
        [sys.executable, "-c", program, "--images", str(photographs)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Rehearsal FAILED at 'Run the job'" in done.stderr
    (log,) = [line.split()[-1] for line in done.stderr.splitlines() if line.startswith("  log: ")]
    assert "opt/fruits/bin/python" in Path(log).read_text(encoding="utf-8")
    assert "Rehearsal passed" not in done.stdout
    assert (find_aws(folder), find_node(folder)) == (None, None)
