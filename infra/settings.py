"""The settings of a deployment: one frozen, typed, validated value, built once from the CDK's context."""

import re
from typing import Literal, Self, TypedDict

from pydantic import Field, field_validator, model_validator

from infra.company_settings import CompanySettings
from infra.extra_configurations import Extra
from infra.instance_types import Architecture, InstanceType, default_instance_types, instance_type
from infra.job_settings import JobSettings
from infra.names import deployment_name, stack_name
from infra.network_settings import NetworkSettings
from infra.packaging import Wheels
from infra.residency import EU_REGIONS, EuropeanRegion, require_eu_region
from infra.schedule_settings import ScheduleSettings
from infra.spark import EXECUTOR_CORES, Sessions, configurations, executor_size
from infra.values import Integer, Names, Seconds

OLDEST_RELEASE = (7, 10, 0)
"""The first EMR release that serves ``s3://`` by S3A, with which the job is rehearsed."""

_DAY = 86_400


class DeploymentSettings(CompanySettings, NetworkSettings, ScheduleSettings, JobSettings):
    """All that a deployment is made from; every key may be given as ``-c key=value``.

    Raises
    ------
    pydantic.ValidationError
        See `infra.context.read_settings`, which says it in one line a mistake.
    """

    env: str = Field(pattern=r"^[a-z][a-z0-9]{1,15}$", description="2 to 16 small letters and digits, a letter first")
    region: str = Field(default="eu-west-3", description="a region of AWS in the European Union")
    release_label: str = Field(default="emr-7.13.0", description="emr-7.10.0 or a newer release of EMR 7")
    os_release_label: str | None = Field(
        default=None,
        pattern=r"^2023(\.\d{1,8}){3}$",
        description="a release of Amazon Linux 2023 that EMR has for the release, such as 2023.6.20250303.0",
    )
    architecture: Architecture = Field(default="x86_64", description="x86_64, arm64")
    mode: Literal["transient", "interactive"] = Field(
        default="transient",
        description="transient (ends with the job), interactive (stays for steps and notebooks)",
    )
    notebook: bool = Field(default=False, description="true, false")

    primary_instance_types: Names = Field(default=(), description="instance types, separated by commas")
    core_instance_types: Names = Field(default=(), description="instance types, separated by commas")
    task_instance_types: Names = Field(default=(), description="instance types, separated by commas")
    core_vcpus: Integer = Field(default=8, ge=4, le=2_000, description="4 to 2000 vCPUs, On-Demand")
    task_spot_vcpus: Integer = Field(default=0, ge=0, le=10_000, description="0 to 10000 vCPUs, Spot")
    spot_timeout_minutes: Integer = Field(default=10, ge=5, le=1_440, description="5 to 1440 minutes")
    spot_fallback: Literal["on-demand"] = Field(
        default="on-demand", description="on-demand (without a fallback a Spot shortage ends the cluster)"
    )
    maximum_vcpus: Integer | None = Field(default=None, ge=4, le=12_000, description="4 to 12000 vCPUs, core and task")

    idle_stop: Seconds = Field(
        default=900, ge=60, le=7 * _DAY, description="60 seconds to 7 days, for example 900, 15m or 2h"
    )
    max_lifetime: Seconds = Field(
        default=4 * 3600,
        ge=600,
        le=7 * _DAY,
        description="600 seconds to 7 days, for example 7200, 90m or 4h",
    )
    budget: Integer = Field(default=20, ge=1, le=100_000, description="1 to 100000 US dollars a month")
    email: str | None = Field(
        default=None,
        max_length=254,
        pattern=r"^[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+$",
        description="one address such as team@example.org, or none",
    )
    email_required: bool = Field(default=False, description="true (a deployment without email is refused), false")
    configurations: Extra | None = Field(
        default=None, description="a JSON file of EMR's classifications, below the project's folder"
    )
    strip_metadata: bool = Field(
        default=False, description="true (photographs are uploaded without metadata, unless asked otherwise), false"
    )
    remove_data: bool = Field(default=False, description="true (cdk destroy removes emptied buckets), false (kept)")

    @field_validator("email", mode="before")
    @classmethod
    def _is_nobody(cls, value: object) -> object:
        """Take a word for nobody: leaving the setting out keeps whoever is told already."""
        return None if value == "none" else value

    @field_validator("release_label")
    @classmethod
    def _is_emr_7(cls, value: str) -> str:
        version = re.fullmatch(r"emr-(7)\.(\d{1,3})\.(\d{1,3})", value)
        if not version or tuple(map(int, version.groups())) < OLDEST_RELEASE:
            raise ValueError("the nodes need EMR 7 with Python 3.11, and S3A for s3://")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for check in (
            *(self._check_zones, self._check_fleets, self._check_limits, self._check_notebook),
            self._check_configurations,
        ):
            check()
        self.check_schedule(mode=self.mode, max_lifetime=self.max_lifetime)
        return self

    def _check_zones(self) -> None:
        accepted = self._all_zones()
        if len(set(self.zones)) < 2 or not set(self.zones) <= set(accepted):
            raise ValueError(
                f"availability_zones={','.join(self.zones)}: not two or more zones of {self.region};"
                f" accepted: {', '.join(accepted)}"
            )

    def _check_fleets(self) -> None:
        for fleet in ("primary", "core", "task"):
            try:
                self._types(fleet)
            except ValueError as error:
                raise ValueError(f"{fleet}_instance_types: {error}") from None
        try:
            executor_size(self.engine, (*self.core_types, *self.task_types), notebooks=self.mode == "interactive")
        except ValueError as error:
            raise ValueError(f"engine={self.engine}: {error}") from None

    def _check_configurations(self) -> None:
        """Merge what the stacks will merge, but for the environment of notebooks, which they alone know."""
        interactive = self.mode == "interactive"
        try:
            configurations(
                engine=self.engine,
                region=self.region,
                node_types=(*self.core_types, *self.task_types),
                generation=self.cluster_generation,
                notebooks=interactive,
                sessions=Sessions(timeout_seconds=self.idle_stop, variables={}) if self.notebook else None,
                extra=self.configurations,
            )
        except ValueError as error:
            raise ValueError(f"configurations={self.configurations}: {error}") from None

    def _check_limits(self) -> None:
        wanted = self.core_vcpus + self.task_spot_vcpus
        if self.vcpu_limit < wanted:
            raise ValueError(
                f"maximum_vcpus={self.maximum_vcpus}: core and task fleets ask for {wanted}; accepted: {wanted} or more"
            )
        if self.max_lifetime < self.idle_stop:
            raise ValueError(
                f"max_lifetime={self.max_lifetime}: shorter than idle_stop={self.idle_stop} (both in seconds);"
                f" accepted: {self.idle_stop} or more, or an idle_stop of at most {self.max_lifetime}"
            )

    def _check_notebook(self) -> None:
        if not self.notebook:
            return
        if self.mode != "interactive":
            raise ValueError("notebook=true: a transient cluster ends with its job; accepted: mode=interactive")
        if self.core_vcpus + self.task_spot_vcpus < 2 * EXECUTOR_CORES:
            raise ValueError(
                f"core_vcpus={self.core_vcpus}: with notebook=true a step would wait for ever beside an open notebook,"
                f" which takes the only node; accepted: {2 * EXECUTOR_CORES} or more, or a task fleet"
            )
        if self.security_groups:
            raise ValueError(
                "notebook=true: makes groups for its Studio, and with security_groups none is made;"
                " accepted: one of the two"
            )
        if not self.european_region.has_studio:
            offered = ", ".join(region.name for region in EU_REGIONS.values() if region.has_studio)
            raise ValueError(f"notebook=true: no EMR Studio is offered in {self.region}; accepted regions: {offered}")
        if self.engine != "litert":
            raise ValueError(f"notebook=true: the notebook runs the engine litert, not {self.engine}")

    @property
    def name(self) -> str:
        """What the cluster, the budget and the database are called, and what the guards look for."""
        return deployment_name(self.env)

    @property
    def wheels(self) -> Wheels:
        """Which wheels the nodes install."""
        return "notebook" if self.notebook else self.engine

    @property
    def european_region(self) -> EuropeanRegion:
        """The region, with its zones and its partition."""
        return require_eu_region(self.region)

    @property
    def zones(self) -> tuple[str, ...]:
        """Availability zones of our own network; all of the region unless some are named."""
        return self.availability_zones or self._all_zones()

    @property
    def primary_types(self) -> tuple[InstanceType, ...]:
        """Instance types of the primary node."""
        return self._types("primary")

    @property
    def core_types(self) -> tuple[InstanceType, ...]:
        """Instance types of the core fleet."""
        return self._types("core")

    @property
    def task_types(self) -> tuple[InstanceType, ...]:
        """Instance types of the task fleet."""
        return self._types("task")

    @property
    def vcpu_limit(self) -> int:
        """Most vCPUs that managed scaling may reach with core and task nodes."""
        return self.maximum_vcpus or self.core_vcpus + self.task_spot_vcpus

    @property
    def cluster_generation(self) -> str:
        """What makes a new cluster when it changes: the run, and all that only a running cluster can be told.

        A transient cluster has ended by the time its settings change. CloudFormation would try to amend it and fail.
        """
        if self.mode == "interactive":
            return self.run_id
        limits = f"core {self.core_vcpus}, task {self.task_spot_vcpus}, at most {self.vcpu_limit} vCPUs"
        return f"{self.run_id}: {limits}, idle {self.idle_stop} s"

    def stack_name(self, stack: str) -> str:
        """Name in CloudFormation of what `cdk` calls by `stack`: an account may hold several environments."""
        return stack_name(stack, self.env)

    def _types(self, fleet: str) -> tuple[InstanceType, ...]:
        place = _Place(region=self.region, architecture=self.architecture)
        names: tuple[str, ...] = getattr(self, f"{fleet}_instance_types")
        return tuple(instance_type(name, **place) for name in names) or default_instance_types(**place)

    def _all_zones(self) -> tuple[str, ...]:
        region = self.european_region
        return tuple(region.name + letter for letter in region.zones)


class _Place(TypedDict):
    region: str
    architecture: Architecture
