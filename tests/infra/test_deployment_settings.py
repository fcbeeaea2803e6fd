from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from infra.context import read_settings, require_deployable
from infra.errors import DeploymentError
from infra.settings import DeploymentSettings
from job.arguments import parse_arguments
from job.errors import JobError
from job.storage.trial import Trial

Settings = Callable[..., DeploymentSettings]
URIS = ("--images", "s3://bucket/images", "--output", "s3://bucket/results")

BAD_INPUT: Mapping[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"colour": "red"}, "colour: unknown key; accepted: architecture, availability_zones,"),
    "a misspelt key": ({"idel_stop": "900"}, "idel_stop: unknown key; did you mean idle_stop?"),
    "an environment that is none": ({"env": "staging"}, "env=staging: not an environment; accepted: demo, dev,"),
    "a word for a number": ({"core_vcpus": "many"}, "core_vcpus=many: "),
    "a list for a number": ({"core_vcpus": [8]}, "accepted: 4 to 2000 vCPUs, On-Demand"),
    "a truth value for a number": ({"budget": True}, "budget=True: it is a truth value; accepted: 1 to 100000"),
    "too many tags": ({"tags": ",".join(f"k{n}=v" for n in range(21))}, ": too many; accepted: up to 20"),
    "a number for a truth value": ({"csv": "7"}, "accepted: true, false"),
    "an unknown mode": ({"mode": "always-on"}, "mode=always-on: "),
    "Spot without fallback": ({"task_spot_vcpus": "8", "spot_fallback": "none"}, "a Spot shortage ends the cluster"),
    "a Spot wait of nothing": ({"spot_timeout_minutes": "0"}, "accepted: 5 to 1440 minutes"),
    "an idle stop under a minute": ({"idle_stop": "5"}, "idle_stop=5: "),
    "an idle stop over a week": ({"idle_stop": "8d"}, "accepted: 60 seconds to 7 days"),
    "a lifetime over a week": ({"max_lifetime": "169h"}, "accepted: 600 seconds to 7 days"),
    "a lifetime below the idle stop": (
        {"max_lifetime": "10m", "idle_stop": "15m"},
        "accepted: 900 or more, or an idle_stop of at most 600",
    ),
    "an old release": ({"release_label": "emr-6.15.0"}, "accepted: emr-7.10.0 or a newer release of EMR 7"),
    "a release before S3A": ({"release_label": "emr-7.9.0"}, "accepted: emr-7.10.0 or a newer release of EMR 7"),
    "a Spark release": ({"release_label": "emr-spark-8.0.0"}, "accepted: emr-7.10.0 or a newer release of EMR 7"),
    "an Amazon Linux that is none": (
        {"os_release_label": "2.0.20220218.1"},
        "accepted: a release of Amazon Linux 2023",
    ),
    "a type that does not exist": ({"core_instance_types": "m99.xlarge"}, "m99.xlarge is not a type"),
    "a type of another region": ({"task_instance_types": "m7a.xlarge"}, "EMR does not offer m7a.xlarge in eu-west-3"),
    "a type of another architecture": ({"core_instance_types": "m6g.xlarge"}, "or architecture=arm64"),
    "small nodes for the engine": ({"engine": "keras", "core_instance_types": "c6i.xlarge"}, "lack 3456 MiB"),
    "an e-mail that is none": ({"email": "the team"}, "accepted: one address such as team@example.org"),
    "two e-mails": ({"email": "a@example.org,b@example.org"}, "accepted: one address"),
    "overlapping folders": ({"images_prefix": "data", "output_prefix": "data/out"}, "overlaps images_prefix=data/"),
    "a URI for a folder": ({"images_prefix": "s3://bucket/images"}, "accepted: a folder in the data bucket"),
    "a folder above the bucket": ({"output_prefix": "../results"}, "accepted: a folder in the data bucket"),
    "arguments longer than EMR takes": ({"train_folder": "x" * 8_200}, "(EMR takes 10240 a step,"),
    "an argument that is an option": ({"train_folder": "--csv"}, "accepted: name of a folder"),
    "two ways to choose components": ({"variance": "0.9", "components": "50"}, "accepted: one of the two"),
    "all variance and more": ({"variance": "1.5"}, "accepted: a share above 0 and up to 1"),
    "one folder for both splits": ({"train_folder": "Test"}, "accepted: two different folders"),
    "a run id with a blank": ({"run_id": "second run"}, "a new one runs the job again"),
    "one zone": ({"availability_zones": "eu-west-3a"}, "accepted: eu-west-3a, eu-west-3b, eu-west-3c"),
    "a zone of another region": ({"availability_zones": "eu-west-3a,eu-west-1b"}, "not two or more zones of eu-west-3"),
    "an empty zone": ({"availability_zones": ["", "eu-west-3a"]}, "not two or more zones"),
    "a limit below the fleets": ({"maximum_vcpus": "8", "task_spot_vcpus": "8"}, "accepted: 16 or more"),
    "notebooks on a transient cluster": ({"notebook": "true"}, "accepted: mode=interactive"),
    "notebooks on one node": (
        {"notebook": "true", "mode": "interactive", "core_vcpus": "4", "task_spot_vcpus": "0"},
        "core_vcpus=4: with notebook=true a step would wait for ever beside an open notebook",
    ),
}


NO_NOTEBOOK: dict[str, tuple[dict[str, Any], str]] = {
    "where no Studio is offered": (
        {"region": "eusc-de-east-1"},
        "no EMR Studio is offered in eusc-de-east-1; ",
    ),
    "on another engine": ({"engine": "keras"}, "the notebook runs the engine litert, not keras"),
}


@pytest.mark.parametrize("name", NO_NOTEBOOK)
def test_a_notebook_is_refused(name: str, settings_of: Settings) -> None:
    given, expected = NO_NOTEBOOK[name]
    assert settings_of(mode="interactive", **given)
    with pytest.raises(DeploymentError, match=expected):
        settings_of(mode="interactive", notebook="true", **given)


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_refused_in_one_line_that_says_what_is_accepted(name: str, settings_of: Settings) -> None:
    given, expected = BAD_INPUT[name]
    known_keys = DeploymentSettings.model_fields.keys()
    with pytest.raises(DeploymentError) as refusal:
        settings_of(**given)
    message = str(refusal.value)
    assert expected in message
    assert "\n" not in message
    assert message.startswith(tuple(known_keys | given.keys()))


@pytest.mark.parametrize("env", ["demo", "dev", "prod"])
def test_every_environment_can_be_named_without_an_address(env: str, settings_of: Settings) -> None:
    assert settings_of(env=env).email is None


@pytest.mark.parametrize(("env", "stripped"), [("demo", False), ("dev", False), ("prod", True)])
def test_photographs_go_to_prod_without_metadata(env: str, stripped: bool, settings_of: Settings) -> None:
    assert settings_of(env=env).strip_metadata is stripped


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"env": "prod"}, True),
        ({"env": "demo", "email_required": "true"}, True),
        ({"env": "demo"}, False),
        ({"env": "prod", "email": "team@example.org"}, False),
    ],
    ids=str,
)
def test_a_deployment_needs_an_address_where_one_is_required(
    given: dict[str, str], needed: bool, settings_of: Settings
) -> None:
    with pytest.raises(DeploymentError, match=r"^email: .*accepted: -c email=") if needed else nullcontext():
        require_deployable(settings_of(**given))


def test_each_mistake_has_a_line_of_its_own(settings_of: Settings) -> None:
    with pytest.raises(DeploymentError) as refusal:
        settings_of(budget="free", colour="red", email="nobody")
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [
        "budget=free",
        "email=nobody",
        "colour",
    ]


def test_a_long_value_is_shortened_in_its_error(settings_of: Settings) -> None:
    with pytest.raises(DeploymentError, match=r"^run_id=x{77}\.\.\.: not of the accepted form; accepted: "):
        settings_of(run_id="x" * 500)


def test_a_context_without_environments_is_refused() -> None:
    with pytest.raises(DeploymentError, match=r"^env=demo: .*accepted: none, for the context has no environments$"):
        read_settings({})


def test_the_keys_of_the_cdk_itself_are_not_ours(settings_of: Settings) -> None:
    settings = settings_of(
        **{
            "aws:cdk:enable-path-metadata": True,
            "@aws-cdk/core:newStyleStackSynthesis": True,
            "cli-telemetry": False,
            "acknowledged-issue-numbers": [1],
        }
    )
    assert settings == settings_of()


@pytest.mark.parametrize(
    ("written", "seconds"), [("900", 900), ("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800), (60, 60)]
)
def test_a_duration_may_have_a_unit(written: str | int, seconds: int, settings_of: Settings) -> None:
    assert settings_of(idle_stop=written, max_lifetime="7d").idle_stop == seconds


def test_an_override_wins_over_the_environment(settings_of: Settings) -> None:
    assert settings_of(env="dev").mode == "interactive"
    assert settings_of(env="dev", mode="transient").mode == "transient"


def test_a_folder_is_kept_with_the_slash_at_its_end(settings_of: Settings) -> None:
    assert settings_of(images_prefix="raw/photographs").images_prefix == "raw/photographs/"


def test_settings_cannot_be_changed_after_they_were_checked(settings_of: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings_of().budget = 1_000_000


def test_the_run_id_reaches_the_arguments_of_the_job(settings_of: Settings) -> None:
    assert settings_of(run_id="2026-11").job_options[-2:] == ("--run-label", "2026-11")


def test_a_fixed_number_of_components_replaces_the_share_of_variance(settings_of: Settings) -> None:
    assert settings_of().job_options[:2] == ("--variance", "0.95")
    assert settings_of(components="50").job_options[:2] == ("--components", "50")


def test_two_environments_never_share_the_name_of_a_stack(settings_of: Settings) -> None:
    names = {settings_of(env=env, email="a@example.org").stack_name("FruitsCompute") for env in ("demo", "dev", "prod")}
    assert names == {"FruitsCompute-demo", "FruitsCompute-dev", "FruitsCompute-prod"}


def _settings_accept(settings_of: Settings, key: str, value: float) -> bool:
    try:
        settings_of(**{key: str(value)})
    except DeploymentError:
        return False
    return True


def _job_accepts(key: str, value: float) -> bool:
    try:
        parse_arguments([*URIS, f"--{key.replace('_', '-')}", str(value)])
    except JobError:
        return False
    return True


@pytest.mark.parametrize(
    ("key", "values"),
    {
        "batch_size": (-1, 0, 1, 512, 513, 1_000),
        "components": (-1, 0, 1, 1_280, 1_281),
        "limit": (-1, 0, 1, 1_000_000),
        "test_share": (-0.1, 0, 0.5, 1, 1.1),
        "variance": (-0.1, 0, 0.5, 1, 1.1),
    }.items(),
)
def test_the_job_accepts_what_the_settings_accept(key: str, values: tuple[float, ...], settings_of: Settings) -> None:
    for value in values:
        assert (value, _job_accepts(key, value)) == (value, _settings_accept(settings_of, key, value))


def test_a_trial_is_asked_for_as_the_job_takes_it(settings_of: Settings) -> None:
    settings = settings_of(limit="9", label="Pêche,Apple Red 1")
    assert parse_arguments([*URIS, *settings.job_options]).trial == Trial.of(9, ["Apple Red 1,Pêche"])


def test_the_job_has_the_defaults_of_the_settings(settings_of: Settings) -> None:
    settings = settings_of()
    deployed = parse_arguments([*URIS, *settings.job_options])
    assert replace(deployed, run_label="") == parse_arguments(URIS)
