"""``fruits rehearse``: deploy the stacks to an embedded AWS, really run their job there, check, change, destroy."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from infra.settings import DeploymentSettings
from ops.aws.given import read_given, show_place
from ops.console import Context, complain, err, labelled, out, termination_as_interrupt
from ops.errors import ExitCode, FruitsError
from ops.local.report import last_report
from ops.local.sample import render_sample
from ops.project import ROOT
from ops.summary import show_summary
from rehearsal.daemon import DaemonFailed
from rehearsal.node.instance import Kind
from rehearsal.refusals import refuse_at_once
from rehearsal.scenario.host import Host
from rehearsal.scenario.record import write_record
from rehearsal.scenario.runs import copy_logs
from rehearsal.scenario.scenario import Scenario
from rehearsal.scenario.stages import Ended, Report, Stage, StageFailed, run_stages
from rehearsal.scenario.view import duration, view_of

FOLDER: Final = ROOT / "build" / "rehearsal"
_SAMPLE: Final = ROOT / "build" / "sample"
EXPECTED: Final = (DaemonFailed, BotoCoreError, ClientError, FruitsError, OSError)
_KINDS: Final[Mapping[Kind, str]] = {
    "namespaces": "in namespaces of their own, with AWS's host names, metadata and users as on EC2",
    "shared": "shared this machine, which gives no namespaces: AWS's host names by a proxy, one user",
}


def rehearse(  # noqa: PLR0917 - the options of a command
    images: Annotated[
        Path | None, typer.Option(help="A folder of photographs, <label>/<file>; a rendered sample unless given.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="litert or keras.")] = None,
    mode: Annotated[str | None, typer.Option(help="transient or interactive.")] = None,
    context: Context = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up, and say how to use it.")] = False,
    folder: Annotated[
        Path,
        typer.Option(help="Where the embedded AWS keeps all it knows.", show_default="build/rehearsal of the checkout"),
    ] = FOLDER,
    output: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("out/rehearsal"),
) -> None:
    """Rehearse on this machine, without an AWS account: deploy the stacks to an embedded AWS, run the job, destroy."""
    values = [*(context or ())]
    values += [f"{key}={value}" for key, value in (("engine", engine), ("mode", mode)) if value is not None]
    given = show_place(read_given(values))
    given.require_deployable()
    values = [f"{key}={value}" for key, value in given.complete.items()]
    refuse_at_once(settings=given.settings, images=images, output=output, folder=folder)
    settings = given.settings
    host = Host(folder, settings, tied=not keep)
    scenario = Scenario(host, settings, values, photographs=lambda report: images or _sample(report), output=output)
    stages = [Stage("Start embedded AWS and node", host.start), *scenario.stages(destroy=not keep)]
    title = f"Rehearsal of {settings.name}: {settings.mode}, {settings.region}, engine {settings.engine}"
    try:
        ended = _run(stages, title, host, scenario, keep=keep)
    except StageFailed as failure:
        _print_failure(failure, host, kept=keep)
        raise typer.Exit(ExitCode.FAILED) from None
    except KeyboardInterrupt:
        kept = "what was started is left up" if keep else f"all processes are stopped, logs are in {folder}"
        _print(err, labelled("Rehearsal stopped", f": {kept}", "bold yellow"))
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    write_record(output, ended, settings, scenario, host.kind)
    _print_success(ended, settings, host, scenario, output, kept=keep)


def _run(stages: list[Stage], title: str, host: Host, scenario: Scenario, *, keep: bool) -> list[Ended]:
    """Run the stages; whatever happens, nothing runs on afterwards, unless it is to be kept."""
    with termination_as_interrupt():
        try:
            with view_of(err, title, [stage.name for stage in stages]) as view:
                ended = run_stages(stages, view, expected=EXPECTED)
        except BaseException as error:
            if isinstance(error, StageFailed):
                _copy_logs(error, host, scenario)
            if trouble := _stop(host, keep=keep, delete=False):
                complain(trouble)
            raise
        if trouble := _stop(host, keep=keep, delete=True):
            raise StageFailed(trouble, stage="the end")
    return ended


def _stop(host: Host, *, keep: bool, delete: bool) -> str:
    """Stop embedded AWS and node unless they are kept; say what went wrong with that."""
    host.measure()
    if not keep:
        try:
            host.stop(delete=delete)
        except DaemonFailed as error:
            return str(error)
    return ""


def _copy_logs(failure: StageFailed, host: Host, scenario: Scenario) -> None:
    """Copy the clusters' logs to this machine while S3 is still there, and name the one that tells of the failure."""
    target = host.folder / "logs"
    try:
        logs = scenario.environment.folder("LogUri")
        copy_logs(logs, target)
    except Exception:  # there may be no bucket yet, or no AWS any more: then the failure says it all
        return
    if failure.log.startswith(logs.uri):
        failure.log = str(target / failure.log.removeprefix(logs.uri).removesuffix(".gz"))


def _sample(report: Report) -> Path:
    def progress(done: int, total: int) -> None:
        report(f"rendering {done} of {total} pictures")

    return render_sample(_SAMPLE, progress=progress).folder


def _print_failure(failure: StageFailed, host: Host, *, kept: bool) -> None:
    _print(err, labelled("Rehearsal FAILED", f" at '{failure.stage}': {failure.reason}", "bold red"))
    if failure.log:
        _print(err, f"  log:  {failure.log}")
    if failure.action:
        _print(err, f"  next: {failure.action}")
    if kept:
        _print_how_to_use(host)
    elif host.started and host.folder.exists():
        _print(err, f"  kept: {host.folder} with all logs; everything is stopped")


def _print_success(
    ended: list[Ended], settings: DeploymentSettings, host: Host, scenario: Scenario, output: Path, *, kept: bool
) -> None:
    seconds = sum(stage.seconds for stage in ended)
    _print(out, labelled("Rehearsal passed", f": {len(ended)} stages in {duration(seconds)}", "bold green"))
    _print(out, f"Embedded AWS: {host.expense}")
    _print(out, f"Instances: {_KINDS[host.kind]}")
    for reason, count in scenario.kept.items():
        _print(out, f"  {reason}: {count}")
    out.print()
    show_summary(scenario.first_manifest, str(output), out)
    if kept:
        out.print()
        _print_how_to_use(host)
    _print(out, f"\nReport: {last_report(str(output))}")


def _print_how_to_use(host: Host) -> None:
    folder = shlex.quote(str(host.folder))
    lines = [
        "Embedded AWS and node are up. In your shell:",
        f'  eval "$(fruits aws env --folder {folder})"',
        "  aws emr list-clusters",
        "  aws s3 ls",
        f"  npx cdk diff --app {shlex.quote(str(host.folder / 'cdk.out-first'))}",
        f"Stop and delete them: fruits aws down --folder {folder} --delete",
    ]
    for line in lines:
        _print(out, line)


def _print(console: Console, text: str | Text) -> None:
    console.print(text, soft_wrap=True)
