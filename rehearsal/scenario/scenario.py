"""The course of a rehearsal: which stages there are, and what they hand on to each other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.settings import DeploymentSettings
from rehearsal.scenario.checks import check_changes, check_nothing_computed, check_run
from rehearsal.scenario.deploy import Stacks
from rehearsal.scenario.deployed import check_one_cluster, check_wheels
from rehearsal.scenario.environment import Place
from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.expectations import check_expectations
from rehearsal.scenario.host import Host
from rehearsal.scenario.messages import Listener
from rehearsal.scenario.photographs import ADDED, CHANGED, DELETED, Heap, change_some, find_photographs, upload
from rehearsal.scenario.progress import Patience, photographs_done
from rehearsal.scenario.review import check_idle_stop_alone, check_no_differences
from rehearsal.scenario.runs import watching_clusters
from rehearsal.scenario.stages import Stage, StageFailed, Tell
from rehearsal.scenario.teardown import empty_bucket, explain_leftovers

_RUNS: Final = ("first", "second", "third")
_ALL_BUT_DATA: Final = ("FruitsCompute", "FruitsGuard", "FruitsNotebook")
_BUCKETS: Final = ("DataBucket", "LogBucket", "CodeBucket")


class Course:
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
    place
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
        photographs: Callable[[Tell], Path],
        output: Path,
        stall_seconds: float = 300.0,
    ) -> None:
        self._host, self._settings = host, settings
        self._stacks = Stacks(host, values)
        self.place = Place(host, settings.env)
        self._photographs, self._output = photographs, output
        self._stall_seconds = stall_seconds
        self._transient = settings.mode == "transient"
        self._regions: tuple[str, ...] = ()
        self.kept: Mapping[str, int] = {}
        self._app = Path()
        self._heap = Heap(Path(), ())
        self.evidence: list[Evidence] = []
        self._blank: frozenset[str] = frozenset()
        self._bootstrapped: frozenset[str] = frozenset()

    def stages(self, *, destroy: bool) -> list[Stage]:
        """Give the stages in order.

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
        farewell = [Stage("Empty the buckets, destroy", self._destroy), Stage("Nothing is left", self._look)]
        return stages + (farewell if destroy else [])

    @property
    def first_manifest(self) -> dict[str, object]:
        """The manifest of the first run."""
        return dict(self.evidence[0].manifest or {})

    def _prepare(self, tell: Tell) -> str:
        tell("python app.py")
        synthesis = self._stacks.synthesise("first", f"run_id={_RUNS[0]}")
        self._app, self._regions = synthesis.folder, tuple(sorted(set(synthesis.regions.values())))
        machine = {"x86_64": "x86_64", "arm64": "aarch64"}[self._settings.architecture]
        _require(check_wheels((path.name for path in self._app.glob("asset.*/*.whl")), machine=machine))
        self._blank = self.place.inventory(self._regions)
        self._stacks.bootstrap(self._regions, tell)
        self._bootstrapped = self.place.inventory(self._regions)
        resources = sum(len(template["Resources"]) for template in synthesis.templates.values())
        return f"{len(synthesis.templates)} stacks with {resources} resources"

    def _deploy_storage(self, tell: Tell) -> str:
        self._stacks.deploy(self._app, tell, "FruitsStorage")
        return self.place.output("FruitsStorage", "DataBucket")

    def _upload(self, tell: Tell) -> str:
        self._heap = find_photographs(self._photographs(tell))
        return upload(self._heap, self.place.folder("ImagesUri"), tell)

    def _deploy_all(self, tell: Tell) -> str:
        self._deploy(self._app, tell)
        _require(check_one_cluster(self.place.clusters(self._settings.name), self._settings.name))
        _require(self.place.check_cluster())
        return f"cluster {self.place.cluster().cluster_id}, its nodes are set up"

    def _run_first(self, tell: Tell) -> str:
        listener = Listener(self._host.client, self.place.output("FruitsGuard", "TopicArn"))
        self.evidence.append(self._run(_RUNS[0], tell))
        _require(listener.check_told_of(self.place.cluster().cluster_id))
        counts = (self.evidence[0].said or {}).get("counts", {})
        return f"{counts.get('computed', 0):,} photographs computed, {counts.get('quarantined', 0):,} in quarantine"

    def _check_first(self, tell: Tell) -> str:
        evidence = self.evidence[0]
        _require(check_run(evidence))
        _require(check_expectations(evidence, self._settings, rendered=self._heap.rendered))
        for name in ("report.html", "manifest.json"):
            target = self._output / "reports" / evidence.run / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.place.folder("OutputUri").get(f"reports/{evidence.run}/{name}"))
        pca = (evidence.manifest or {})["pca"]
        return f"{len(evidence.objects)} objects; {pca['components']} components hold {pca['explained']:.1%}"

    def _run_again(self, tell: Tell) -> str:
        self._next_cluster(_RUNS[1], tell)
        self.evidence.append(self._run(_RUNS[1], tell))
        _require(check_nothing_computed(*self.evidence))
        return "0 photographs computed, no object written"

    def _run_changed(self, tell: Tell) -> str:
        changes = change_some(self._heap, self.place.folder("ImagesUri"))
        self._next_cluster(_RUNS[2], tell)
        self.evidence.append(self._run(_RUNS[2], tell))
        _, before, after = self.evidence
        _require([*check_run(after), *check_changes(before, after, changes)])
        return f"{len(changes.added) + len(changes.changed)} photographs computed, {len(changes.deleted)} forgotten"

    def _compare(self, tell: Tell) -> str:
        tell("cdk diff")
        outcome = self._stacks.diff(self._app, tell)
        _require(check_no_differences(outcome.code, outcome.text))
        return "what is deployed is what app.py describes"

    def _compare_idle_stop(self, tell: Tell) -> str:
        now, most = self._settings.idle_stop, self._settings.max_lifetime
        other = now + 60 if now + 60 <= most else now - 60
        app = self._stacks.synthesise("idle", f"run_id={self._current_run()}", f"idle_stop={other}").folder
        outcome = self._stacks.diff(app, tell)
        _require(check_idle_stop_alone(outcome.code, outcome.text, transient=self._transient))
        return f"{now} s -> {other} s: " + ("a new cluster" if self._transient else "the cluster in place")

    def _destroy(self, tell: Tell) -> str:
        removable = self._stacks.synthesise("last", f"run_id={self._current_run()}", "remove_data=true").folder
        self._stacks.deploy(removable, tell, "FruitsStorage")
        deployed = self.place.deployment()
        buckets = [deployed.output("FruitsStorage", name) for name in _BUCKETS]
        there = [stack for stack in _ALL_BUT_DATA if stack in deployed.stacks]
        # The cluster first: as long as it lives, it writes.
        self._stacks.destroy(removable, tell, *there)
        emptied = sum(empty_bucket(self._host.client("s3"), bucket, tell) for bucket in buckets)
        self._stacks.destroy(removable, tell)
        return f"{len(deployed.stacks)} stacks, {emptied:,} versions of objects"

    def _look(self, tell: Tell) -> str:
        reasons, strangers = explain_leftovers(
            blank=self._blank, bootstrapped=self._bootstrapped, left=self.place.inventory(self._regions)
        )
        _require([f"left: {item}" for item in strangers])
        self.kept = reasons
        return f"but for {sum(reasons.values())} things that AWS keeps, named below"

    def _run(self, run: str, tell: Tell) -> Evidence:
        cluster = self.place.cluster()
        if self._transient:
            step_id = cluster.only_step()
        else:
            step_id = cluster.submit(f"{self._settings.name} {run}", self.place.step())
        done = photographs_done(self.place.folder("OutputUri"), self._photographs_kept())
        cluster.wait_for_step(step_id, tell, done, Patience(self._stall_seconds))
        said = cluster.printed(step_id)
        if self._transient:
            cluster.wait_until_ended(tell)
        return self.place.evidence(said)

    def _photographs_kept(self) -> int:
        """Count the photographs that former runs have left in the store."""
        if not self.evidence:
            return 0
        counts = (self.evidence[-1].manifest or {})["counts"]
        return int(counts["features"] + counts["quarantined"])

    def _next_cluster(self, run: str, tell: Tell) -> None:
        """Deploy a new run where each run has a cluster of its own."""
        if self._transient:
            self._app = self._stacks.synthesise(run, f"run_id={run}").folder
            self._deploy(self._app, tell)

    def _deploy(self, app: Path, tell: Tell) -> None:
        with watching_clusters(self._host.client("emr"), self._settings.name, tell) as found:
            try:
                self._stacks.deploy(app, tell)
            except StageFailed as failed:
                _require(found)
                raise self.place.with_bootstrap_error(failed) from None

    def _current_run(self) -> str:
        return _RUNS[2] if self._transient else _RUNS[0]


def _require(found: Iterable[str]) -> None:
    wrong = list(found)
    if wrong:
        more = f" (and {len(wrong) - 3} more findings)" if len(wrong) > 3 else ""
        raise StageFailed("; ".join(wrong[:3]) + more)
