"""The process of an embedded AWS: started, stopped and forgotten by its folder."""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psutil

from rehearsal.embedded.aws import (
    ACCOUNT,
    DEFAULT_REGION,
    AwsFailed,
    ClusterLaunch,
    EmbeddedAws,
    find_aws,
    record_of,
)
from rehearsal.embedded.certificate import keep_certificate

_MODULE: Final = "rehearsal.embedded"
_ROOT: Final = Path(__file__).resolve().parents[2]
_STARTS_WITHIN_SECONDS: Final = 60.0
_STOPS_WITHIN_SECONDS: Final = 30.0


def start_aws(
    folder: Path, *, region: str = DEFAULT_REGION, launch: ClusterLaunch = "launch", wait_scale: float = 1.0
) -> EmbeddedAws:
    """Start an embedded AWS, with what a former one in that folder has left, at the same port if it is free.

    Parameters
    ----------
    folder
        Its own: made if there is none.
    region
        Where clients work.
    launch
        What happens to new clusters: see `rehearsal.embedded.emr_launch.LAUNCHES`.
    wait_scale
        By how much the waits of state machines are shortened: at 0.01 an hour is 36 seconds.

    Raises
    ------
    AwsFailed
        If one runs there already, or it does not answer.
    """
    folder = folder.resolve()
    if running := find_aws(folder):
        raise AwsFailed(f"an embedded AWS runs in {folder} already, at {running.endpoint}; stop it: fruits aws down")
    for name in ("tmp", "cdk"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    keep_certificate(folder)
    port, inside_port = _ports(folder)
    settings = {
        **_settings(folder, port, region),
        "FRUITS_INSIDE_PORT": str(inside_port),
        "FRUITS_CLUSTER_LAUNCH": launch,
        "SFN_WAIT_SCALE": str(wait_scale),
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with (folder / "aws.log").open("ab") as log:
        offset = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            env={**inherited, **settings},
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal is for whoever uses it
        )
    aws = EmbeddedAws(
        folder=str(folder),
        port=port,
        inside_port=inside_port,
        region=region,
        pid=process.pid,
        started=psutil.Process(process.pid).create_time(),
    )
    record_of(folder).write_text(json.dumps(asdict(aws)), encoding="utf-8")
    try:
        _wait_until_it_answers(aws, process, offset)
    except BaseException:
        stop_aws(folder)
        raise
    return aws


def stop_aws(folder: Path) -> bool:
    """Stop the embedded AWS of a folder, which saves its state first; tell whether there was one.

    Raises
    ------
    AwsFailed
        If it had to be killed.
    """
    folder = folder.resolve()
    aws = find_aws(folder)
    if aws is None:
        return False
    process = psutil.Process(aws.pid)
    family = [process, *process.children(recursive=True)]
    process.terminate()
    gone, alive = psutil.wait_procs([process], timeout=_STOPS_WITHIN_SECONDS)
    for survivor in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            survivor.kill()
    psutil.wait_procs(family, timeout=5)
    if alive:
        raise AwsFailed(f"the embedded AWS in {folder} did not end within {_STOPS_WITHIN_SECONDS:.0f} s and was killed")
    return bool(gone)


@contextlib.contextmanager
def embedded_aws(
    folder: Path, *, region: str = DEFAULT_REGION, launch: ClusterLaunch = "launch", wait_scale: float = 1.0
) -> Iterator[EmbeddedAws]:
    """Start an embedded AWS, and stop it at the end whatever happens; its folder stays."""
    aws = start_aws(folder, region=region, launch=launch, wait_scale=wait_scale)
    try:
        yield aws
    finally:
        stop_aws(folder)


def forget(folder: Path) -> None:
    """Delete all that a stopped embedded AWS has kept.

    Raises
    ------
    AwsFailed
        If it still runs, or the folder is not one of an embedded AWS.
    """
    if find_aws(folder):
        raise AwsFailed(f"an embedded AWS runs in {folder}; stop it first: fruits aws down")
    if folder.exists():
        if not record_of(folder).exists():
            raise AwsFailed(f"{folder} is not the folder of an embedded AWS: it has no {record_of(folder).name}")
        shutil.rmtree(folder)


def _settings(folder: Path, port: int, region: str) -> Mapping[str, str]:
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(folder / "server.pem"),
        "MINISTACK_SSL_KEY": str(folder / "server.key"),
        "IOT_MTLS_ENABLED": "0",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder / "tmp"),
        # At its end ministack removes containers of its kind; those of somebody else are not ours.
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",
        "PYTHONUNBUFFERED": "1",
    }


def _ports(folder: Path) -> tuple[int, int]:
    """Take the ports of a former start if nobody has them now, for clients that know them; else any free ones."""
    known: Mapping[str, int] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(record_of(folder).read_text(encoding="utf-8"))
    with contextlib.ExitStack() as held:
        port, inside = (_hold_port(held, known.get(name, 0)) for name in ("port", "inside_port"))
    return port, inside


def _hold_port(held: contextlib.ExitStack, wanted: int) -> int:
    for port in (wanted, 0):
        free = held.enter_context(socket.socket())
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return int(free.getsockname()[1])
    raise AwsFailed("no free port on 127.0.0.1")


def _wait_until_it_answers(aws: EmbeddedAws, process: "subprocess.Popen[bytes]", offset: int) -> None:
    context = ssl.create_default_context(cafile=str(aws.authority))
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{aws.endpoint}/_ministack/health", timeout=2, context=context).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    with aws.log.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else "it logged nothing"
    raise AwsFailed(f"the embedded AWS did not start: {reason} (log: {aws.log})")
