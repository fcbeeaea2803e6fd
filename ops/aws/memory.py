"""What a checkout is to remember of what its commands did."""

import shlex
from collections.abc import Mapping

from infra.errors import DeploymentError
from infra.remembered import read_remembered, remembered_file, run_key, write_remembered
from ops.aws.account import caller
from ops.aws.place import Place
from ops.console import err
from ops.project import ROOT


def remember_run(place: Place, run: Mapping[str, str]) -> None:
    """Remember which run is deployed, for `cdk`, which would deploy the first one again.

    Parameters
    ----------
    place
        The environment.
    run
        Settings that are about this run: its ``run_id``, of a trial ``limit`` and ``label``, too.

    A file that cannot be written is said and no reason to fail: the run is deployed.
    """
    path = remembered_file(ROOT)
    if path is None:
        return
    key = run_key(caller(place.client)["Account"], place.settings.region, place.settings.env)
    try:
        remembered = read_remembered(path)
        if remembered.run(key) != run:
            write_remembered(path, remembered.with_run(key, run))
    except DeploymentError as error:
        options = "".join(f" -c {shlex.quote(f'{name}={value}')}" for name, value in run.items())
        err.print(f"{error}; until then give cdk deploy{options}, or it starts another run", soft_wrap=True)
