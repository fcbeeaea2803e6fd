"""The scenario of a rehearsal: which stages there are, and what they hand on to each other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.settings import DeploymentSettings
from rehearsal.node.reports import NodeReports
from rehearsal.scenario.checks import check_changes, check_nothing_computed, check_run
from rehearsal.scenario.commands import Commands
from rehearsal.scenario.deploy import Stacks
from rehearsal.scenario.deployed import check_one_cluster, check_wheels
from rehearsal.scenario.environment import DeployedEnvironment
from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.expectations import check_expectations
from rehearsal.scenario.host import Host
from rehearsal.scenario.messages import Listener
from rehearsal.scenario.photographs import (
    ADDED,
    CHANGED,
    DELETED,
    PhotoSet,
    change_some,
    check_uploaded,
    find_photographs,
)
from rehearsal.scenario.progress import Patience, photographs_done
from rehearsal.scenario.review import check_idle_stop_alone, check_no_differences
from rehearsal.scenario.stages import Report, Stage, StageFailed
from rehearsal.scenario.starting import Start
from rehearsal.scenario.teardown import explain_leftovers

_RUNS: Final = ("first", "second", "third")


class Scenario:
    """What the stages of one rehearsal know and hand on.

    Parameters
    ----------
    host
        With the embedded AWS and its node, once they are started.
    settings, values
        Of the deployment; as they were given after ``-c``.
    photographs
        Gives the folder of photographs; may render them.
    output
        Where report and manifest of the first run are copied to.
    stall_seconds
        How long a job may stand still: no photograph done, no change of a state.

    Attributes
    ----------
    environment
        Where things are, once they are deployed.
    evidence
        Of each run.
    kept
        What AWS keeps after everything was destroyed: reasons, with how many things each explains.
    """

    def __init__(
        self,
        host: Host,
        settings: DeploymentSettings,
        values: Sequence[str],
        *,
        photographs: Callable[[Report], Path],
        output: Path,
        stall_seconds: float = 300.0,
    ) -> None:
        self._host, self._settings = host, settings
        self._stacks = Stacks(host, values)
        self._commands = Commands(host, values)
        self.environment = DeployedEnvironment(host, settings.env)
        self._photographs, self._output = photographs, output
        self._stall_seconds = stall_seconds
        self._transient = settings.mode == "transient"
        self._regions: tuple[str, ...] = ()
        self.kept: Mapping[str, int] = {}
        self._app = Path()
        self._photos = PhotoSet(Path(), ())
        self.evidence: list[Evidence] = []
        self._blank: frozenset[str] = frozenset()
        self._bootstrapped: frozenset[str] = frozenset()

    def stages(self, *, destroy: bool) -> list[Stage]:
        """Return the stages in order.

        Parameters
        ----------
        destroy
            Whether to end with the destruction of everything.
        """
        stages = [
            Stage("Synthesise, bootstrap the account", self._prepare),
            Stage("Deploy the storage", self._deploy_storage),
            Stage("Upload photographs", self._upload),
            Stage("Deploy network, guards, cluster", self._deploy_all),
            Stage("Run the job", self._run_first),
            Stage("Check the results on S3", self._check_first),
            Stage("Run again, compute nothing", self._run_again),
            Stage(f"Add {ADDED}, change {CHANGED}, delete {DELETED}, run", self._run_changed),
            Stage("cdk diff shows no difference", self._compare),
            Stage("cdk diff shows another idle stop", self._compare_idle_stop),
        ]
        teardown = [Stage("Empty the buckets, destroy", self._destroy), Stage("Nothing is left", self._look)]
        return stages + (teardown if destroy else [])

    @property
    def first_manifest(self) -> dict[str, object]:
        """The manifest of the first run."""
        return dict(self.evidence[0].manifest or {})

    def _prepare(self, report: Report) -> str:
        report("python app.py")
        synthesis = self._stacks.synthesise("first", f"run_id={_RUNS[0]}")
        self._app, self._regions = synthesis.folder, tuple(sorted(set(synthesis.regions.values())))
        machine = {"x86_64": "x86_64", "arm64": "aarch64"}[self._settings.architecture]
        _require(check_wheels((path.name for path in self._app.glob("asset.*/*.whl")), machine=machine))
        self._blank = self.environment.inventory(self._regions)
        self._stacks.bootstrap(self._regions, report)
        self._bootstrapped = self.environment.inventory(self._regions)
        resources = sum(len(template["Resources"]) for template in synthesis.templates.values())
        return f"{len(synthesis.templates)} stacks with {resources} resources"

    def _deploy_storage(self, report: Report) -> str:
        self._stacks.deploy(self._app, report, "FruitsStorage")
        return self.environment.output("FruitsStorage", "DataBucket")

    def _upload(self, report: Report) -> str:
        self._photos = find_photographs(self._photographs(report))
        self._commands.run(report, "images", "upload", str(self._photos.root.resolve()))
        folder = self.environment.folder("ImagesUri")
        _require(check_uploaded(self._photos, folder.sizes()))
        return f"{self._photos} to {folder.uri}"

    def _deploy_all(self, report: Report) -> str:
        self._explained(report, lambda: self._stacks.deploy(self._app, report))
        _require(check_one_cluster(self.environment.clusters(self._settings.name), self._settings.name))
        _require(self.environment.check_cluster())
        return f"cluster {self.environment.cluster().cluster_id}, its nodes are set up"

    def _run_first(self, report: Report) -> str:
        listener = Listener(self._host.client, self.environment.output("FruitsGuard", "TopicArn"))
        self.evidence.append(self._run(_RUNS[0], report))
        _require(listener.check_notified(self.environment.cluster().cluster_id))
        counts = (self.evidence[0].printed or {}).get("counts", {})
        return f"{counts.get('computed', 0):,} photographs computed, {counts.get('quarantined', 0):,} in quarantine"

    def _check_first(self, report: Report) -> str:
        evidence = self.evidence[0]
        _require(check_run(evidence))
        _require(check_expectations(evidence, self._settings, rendered=self._photos.rendered))
        for name in ("report.html", "manifest.json"):
            target = self._output / "reports" / evidence.run / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.environment.folder("OutputUri").get(f"reports/{evidence.run}/{name}"))
        pca = (evidence.manifest or {})["pca"]
        return f"{len(evidence.objects)} objects; {pca['components']} components hold {pca['explained']:.1%}"

    def _run_again(self, report: Report) -> str:
        self.evidence.append(self._run(_RUNS[1], report))
        _require(check_nothing_computed(*self.evidence))
        return "0 photographs computed; it wrote a record of itself and nothing else"

    def _run_changed(self, report: Report) -> str:
        changes = change_some(self._photos, self.environment.folder("ImagesUri"))
        self.evidence.append(self._run(_RUNS[2], report))
        _, before, after = self.evidence
        _require([*check_run(after), *check_changes(before, after, changes)])
        return f"{len(changes.added) + len(changes.changed)} photographs computed, {len(changes.deleted)} forgotten"

    def _compare(self, report: Report) -> str:
        run = self._current_run()
        app = self._app if run == _RUNS[0] else self._stacks.synthesise(run, f"run_id={run}").folder
        outcome = self._stacks.diff(app, report)
        _require(check_no_differences(outcome.code, outcome.text))
        return "what is deployed is what app.py describes"

    def _compare_idle_stop(self, report: Report) -> str:
        now, most = self._settings.idle_stop, self._settings.max_lifetime
        other = now + 60 if now + 60 <= most else now - 60
        app = self._stacks.synthesise("idle", f"run_id={self._current_run()}", f"idle_stop={other}").folder
        outcome = self._stacks.diff(app, report)
        _require(check_idle_stop_alone(outcome.code, outcome.text, transient=self._transient))
        return f"{now} s -> {other} s: " + ("a new cluster" if self._transient else "the cluster in place")

    def _destroy(self, report: Report) -> str:
        removable = self._stacks.synthesise("last", f"run_id={self._current_run()}", "remove_data=true").folder
        self._stacks.deploy(removable, report, "FruitsStorage")
        deployed = self.environment.deployment()
        data = ("--yes-delete", deployed.output("FruitsStorage", "DataBucket"))
        # The cluster first: as long as it lives, it writes.
        self._commands.run(report, "destroy", "--yes")
        emptied = self._commands.run(report, "empty", *data)[-1]
        self._commands.run(report, "destroy", "--all", "--yes", *data)
        return f"{len(deployed.stacks)} stacks; of the data {emptied}"

    def _look(self, report: Report) -> str:
        reasons, unexpected = explain_leftovers(
            blank=self._blank, bootstrapped=self._bootstrapped, left=self.environment.inventory(self._regions)
        )
        _require([f"left: {item}" for item in unexpected])
        self.kept = reasons
        return f"but for {sum(reasons.values())} things that AWS keeps, named below"

    def _run(self, run: str, report: Report) -> Evidence:
        if not self._transient or self.evidence:  # the first cluster of a transient deployment has its job
            command = ("run", "--no-wait", "--yes", "--run-id", run)
            self._explained(report, lambda: self._commands.run(report, *command))
        cluster = self.environment.cluster()
        step_id = cluster.step_of(f"{self._settings.name} {run}")
        done = photographs_done(self.environment.folder("OutputUri"), self._photographs_kept())
        cluster.wait_for_step(step_id, report, done, Patience(self._stall_seconds))
        printed = cluster.printed(step_id)
        if self._transient:
            cluster.wait_until_ended(report)
        return self.environment.evidence(printed)

    def _photographs_kept(self) -> int:
        """Count the photographs that former runs have left in the store."""
        if not self.evidence:
            return 0
        counts = (self.evidence[-1].manifest or {})["counts"]
        return int(counts["features"] + counts["quarantined"])

    def _explained(self, report: Report, deploy: Callable[[], object]) -> None:
        """Deploy; if that fails because of a cluster, say why that failed."""
        reports = NodeReports(self._host.aws)
        name, still_there = self._settings.name, self._host.require_node
        start = Start(self._host.client("emr"), reports, name, still_there=still_there)
        with start.followed(report):
            try:
                deploy()
            except StageFailed as failed:
                _require(start.found)
                raise self.environment.with_bootstrap_error(failed) from None

    def _current_run(self) -> str:
        return _RUNS[2] if self._transient else _RUNS[0]


def _require(found: Iterable[str]) -> None:
    wrong = list(found)
    if wrong:
        more = f" (and {len(wrong) - 3} more findings)" if len(wrong) > 3 else ""
        raise StageFailed("; ".join(wrong[:3]) + more)
