"""Facts that are constants of the code: of the job, and of the settings that are deployed by default."""

from infra.residency import EU_REGIONS
from infra.settings import DeploymentSettings
from job.bounds import DEFAULT_VARIANCE, LARGEST_BATCH_SIZE, MOST_COMPONENTS
from ops.facts.fact import Fact, Value
from ops.pricing.prediction import START_UP_SECONDS


def constant_facts(settings: DeploymentSettings) -> dict[str, Fact]:
    """Return what the code and cdk.json say outright."""
    from job.storage.reading import READS_IN_FLIGHT  # noqa: PLC0415 - loads what reads S3

    job: dict[str, tuple[Value, str]] = {
        "job.features": (MOST_COMPONENTS, "features"),
        "job.variance": (DEFAULT_VARIANCE, "share"),
        "job.batch": (LARGEST_BATCH_SIZE, "photographs"),
        "job.requests_ahead": (READS_IN_FLIGHT, "requests"),
    }
    deployed: dict[str, tuple[Value, str]] = {
        "settings.region": (settings.region, "region"),
        "settings.regions": (len(EU_REGIONS), "regions"),
        "settings.release": (settings.release_label, "release of EMR"),
        "settings.mode": (settings.mode, "mode"),
        "settings.idle_stop": (settings.idle_stop, "s"),
        "settings.max_lifetime": (settings.max_lifetime, "s"),
        "settings.budget": (settings.budget, "USD/month"),
        "settings.core_vcpus": (settings.core_vcpus, "vCPU"),
        "settings.task_vcpus": (settings.task_spot_vcpus, "vCPU"),
        "settings.instance_types": (len(settings.core_types), "types"),
        "settings.zones": (len(settings.zones), "zones"),
    }
    predicted: dict[str, tuple[Value, str]] = {
        f"start_up.{name}": (seconds, "s")
        for name, seconds in zip(("least", "usual", "most"), START_UP_SECONDS, strict=True)
    }
    return {
        name: Fact(value=value, unit=unit, command=command)
        for values, command in (
            (job, "read job"),
            (deployed, "cdk synth"),
            (predicted, "fruits price --json"),
        )
        for name, (value, unit) in values.items()
    }
