"""What a checkout is to remember of what its commands did."""

from infra.errors import DeploymentError
from infra.lasting import read_remembered, remembered_file, run_key, write_remembered
from ops.aws.account import caller
from ops.aws.place import Place
from ops.console import err
from ops.project import ROOT


def remember_run(place: Place, run_id: str) -> None:
    """Remember which run is deployed, for `cdk`, which would deploy the first one again.

    A file that cannot be written is said and no reason to fail: the run is deployed.
    """
    path = remembered_file(ROOT)
    if path is None:
        return
    key = run_key(caller(place.client)["Account"], place.settings.region, place.settings.env)
    try:
        remembered = read_remembered(path)
        if remembered.runs.get(key) != run_id:
            write_remembered(path, remembered.model_copy(update={"runs": {**remembered.runs, key: run_id}}))
    except DeploymentError as error:
        err.print(f"{error}; until then give cdk deploy -c run_id={run_id}, or it starts another run", soft_wrap=True)
