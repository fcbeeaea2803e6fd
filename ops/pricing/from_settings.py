"""The footprint of settings, without a synth: a second is too long to wait for a price."""

from infra.schedule_settings import runs_a_week
from infra.settings import DeploymentSettings
from ops.pricing.footprint import Candidate, Fleet, Footprint, architecture_of, candidate

# As the stacks define it; a test compares with the footprint of their templates.
_ROOT_GIB = 32


def footprint_of_settings(settings: DeploymentSettings, *, storage_gib: float = 0.0) -> Footprint:
    """Return what a deployment of these settings bills.

    Parameters
    ----------
    settings
        What would be deployed.
    storage_gib
        What is kept in S3.
    """
    primary = Fleet(
        name="primary",
        candidates=tuple(_node(item.name, units=1) for item in settings.primary_types),
        on_demand_units=1,
        spot_units=0,
        scales=False,
    )
    core = Fleet(
        name="core",
        candidates=tuple(_node(item.name, units=item.vcpus) for item in settings.core_types),
        on_demand_units=settings.core_vcpus,
        spot_units=0,
        scales=True,
    )
    task = Fleet(
        name="task",
        candidates=tuple(_node(item.name, units=item.vcpus) for item in settings.task_types),
        on_demand_units=0,
        spot_units=settings.task_spot_vcpus,
        scales=True,
    )
    fleets = (primary, core, task) if settings.task_spot_vcpus else (primary, core)
    return Footprint(
        region=settings.region,
        architecture=architecture_of(fleets),
        mode=settings.mode,
        fleets=fleets,
        maximum_units=settings.vcpu_limit,
        idle_stop=settings.idle_stop,
        max_lifetime=settings.max_lifetime,
        keys=1,
        alarms=3 + bool(settings.schedule),
        gateway_endpoints=int(settings.vpc is None),
        budgets=1,
        state_machines=1,
        runs_a_week=runs_a_week(settings.schedule_expression or "") or 0,
        storage_gib=storage_gib,
    )


def _node(name: str, *, units: int) -> Candidate:
    return candidate(name, units=units, root_gib=_ROOT_GIB)
