"""The settings of the job: what it reads and writes, and its arguments."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.spark import Engine
from infra.values import Folder, Integer, Names, Prefix
from job.bounds import (
    DEFAULT_ENGINE,
    DEFAULT_TEST_FOLDER,
    DEFAULT_TEST_SHARE,
    DEFAULT_TRAIN_FOLDER,
    DEFAULT_VARIANCE,
    LARGEST_BATCH_SIZE,
    MOST_COMPONENTS,
)
from job.plain import sent

STEP_LIMIT = 10_240
"""Characters that EMR takes in the jar and the arguments of one step (API reference of AddJobFlowSteps)."""

STEP_RESERVE = 2_048
"""Kept of them for spark-submit and for the URIs, whose bucket names are only known when deployed."""


class JobSettings(BaseModel):
    """What the job is run with; a change of any of these is a new step, hence a new cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    images_prefix: Prefix = Field(default="images/", description="a folder in the data bucket such as images/")
    output_prefix: Prefix = Field(default="results/", description="a folder in the data bucket such as results/")
    engine: Engine = Field(default=DEFAULT_ENGINE, description="litert, keras")
    variance: float | None = Field(default=None, gt=0, le=1, description="a share above 0 and up to 1, such as 0.95")
    components: Integer | None = Field(
        default=None, ge=1, le=MOST_COMPONENTS, description=f"1 to {MOST_COMPONENTS} components"
    )
    batch_size: Integer | None = Field(
        default=None, ge=1, le=LARGEST_BATCH_SIZE, description=f"1 to {LARGEST_BATCH_SIZE} photographs"
    )
    csv: bool = Field(default=False, description="true, false")
    train_folder: Folder = Field(default=DEFAULT_TRAIN_FOLDER, description="name of a folder below the images")
    test_folder: Folder = Field(default=DEFAULT_TEST_FOLDER, description="name of a folder below the images")
    test_share: float = Field(default=DEFAULT_TEST_SHARE, ge=0, le=1, description="a share from 0 to 1, such as 0.2")
    limit: Integer | None = Field(
        default=None, ge=1, description="1 or more photographs: a trial, whose results are apart"
    )
    label: Names = Field(
        default=(), description="labels between commas, such as Kiwi,Fig: a trial, whose results are apart"
    )
    run_id: str = Field(
        default="first",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="up to 64 letters, digits, dots, dashes and underscores; a new one runs the job again",
    )

    @model_validator(mode="after")
    def _is_one_job(self) -> Self:
        images, output = self.images_prefix, self.output_prefix
        if images.startswith(output) or output.startswith(images):
            raise ValueError(
                f"output_prefix={output}: overlaps images_prefix={images}; accepted: two folders beside each other"
            )
        if self.variance is not None and self.components is not None:
            raise ValueError(
                f"components={self.components}: variance={self.variance} is given too; accepted: one of the two"
            )
        if self.train_folder == self.test_folder:
            raise ValueError(f"test_folder={self.test_folder}: is the train_folder; accepted: two different folders")
        length, accepted = sum(map(len, (*self.job_options, images, output))), STEP_LIMIT - STEP_RESERVE
        if length > accepted:
            raise ValueError(
                f"train_folder, test_folder, label, images_prefix, output_prefix: {length} characters of arguments;"
                f" accepted: {accepted} (EMR takes {STEP_LIMIT} a step, spark-submit needs the others)"
            )
        return self

    def options_of(self, run_id: str) -> tuple[str, ...]:
        """Return the arguments of another run, on all photographs: a trial is not repeated."""
        return self.model_copy(update={"run_id": run_id, "limit": None, "label": ()}).job_options

    @property
    def job_options(self) -> tuple[str, ...]:
        """Arguments of the job beside the URIs it works on, as spark-submit takes them."""
        kept = (
            ("--components", str(self.components))
            if self.components
            else ("--variance", str(self.variance or DEFAULT_VARIANCE))
        )
        batch = ("--batch-size", str(self.batch_size)) if self.batch_size else ()
        limit = ("--limit", str(self.limit)) if self.limit else ()
        labels = ("--label", *sent([",".join(self.label)])) if self.label else ()
        return (
            *kept,
            *("--engine", self.engine),
            *batch,
            *(("--csv",) if self.csv else ()),
            *sent(("--train-folder", self.train_folder)),
            *sent(("--test-folder", self.test_folder)),
            *("--test-share", str(self.test_share)),
            *limit,
            *labels,
            *("--run-label", self.run_id),
        )
