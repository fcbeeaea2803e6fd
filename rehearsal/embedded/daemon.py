"""The process of an embedded AWS: started, stopped and forgotten by its folder."""

import contextlib
import json
import shlex
import shutil
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import (
    ACCOUNT,
    AUTHORITY,
    DEFAULT_REGION,
    ClusterLaunch,
    EmbeddedAws,
    daemon_of,
    find_aws,
)
from rehearsal.embedded.certificate import keep_certificate


def start_aws(
    folder: Path,
    *,
    region: str = DEFAULT_REGION,
    launch: ClusterLaunch = "launch",
    wait_scale: float = 1.0,
    tied: bool = False,
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
    tied
        End it when this process has ended, in whatever way.

    Raises
    ------
    DaemonFailed
        If one runs there already, or it does not answer.
    """
    folder = folder.resolve()
    if running := find_aws(folder):
        raise DaemonFailed(
            f"an embedded AWS runs in {folder} already, at {running.endpoint};"
            f" stop it: fruits aws down --folder {shlex.quote(str(folder))}"
        )
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
    facts = {"folder": str(folder), "port": port, "inside_port": inside_port, "region": region}
    return daemon_of(folder).start(
        [], variables=settings, facts=facts, is_ready=lambda _: _answers(port, folder / AUTHORITY), tied=tied
    )


def stop_aws(folder: Path) -> bool:
    """Stop the embedded AWS of a folder, which saves its state first; return whether there was one.

    Raises
    ------
    DaemonFailed
        If it had to be killed.
    """
    return daemon_of(folder.resolve()).stop()


@contextlib.contextmanager
def embedded_aws(
    folder: Path, *, region: str = DEFAULT_REGION, launch: ClusterLaunch = "launch", wait_scale: float = 1.0
) -> Iterator[EmbeddedAws]:
    """Start an embedded AWS, and stop it at the end whatever happens; its folder stays."""
    aws = start_aws(folder, region=region, launch=launch, wait_scale=wait_scale, tied=True)
    try:
        yield aws
    finally:
        stop_aws(folder)


def forget(folder: Path) -> None:
    """Delete all that a stopped embedded AWS has kept.

    Raises
    ------
    DaemonFailed
        If it still runs, or the folder is not one of an embedded AWS.
    """
    daemon = daemon_of(folder.resolve())
    if daemon.runs():
        raise DaemonFailed(
            f"an embedded AWS runs in {folder}; stop it first: fruits aws down --folder {shlex.quote(str(folder))}"
        )
    if is_foreign(folder):
        raise DaemonFailed(f"{folder} is not the folder of an embedded AWS: it has no {daemon.record.name}")
    if folder.exists():
        shutil.rmtree(folder)


def is_foreign(folder: Path) -> bool:
    """Return whether a folder is there that no embedded AWS has made."""
    folder = folder.resolve()
    return folder.exists() and not daemon_of(folder).record.exists()


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
        known = json.loads(daemon_of(folder).record.read_text(encoding="utf-8"))
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
    raise DaemonFailed("no free port on 127.0.0.1")


def _answers(port: int, authority: Path) -> bool:
    context = ssl.create_default_context(cafile=str(authority))
    try:
        urllib.request.urlopen(f"https://127.0.0.1:{port}/_ministack/health", timeout=2, context=context).close()
    except OSError:
        return False
    return True
