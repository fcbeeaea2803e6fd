"""The settings of a schedule: when the job runs again by itself."""

import re
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from infra.values import Names

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_SECONDS: Final = 86_400
_OF_A_WEEK: Final = re.compile(r"cron\(\d+ \d+ (?:\* \* \?|\? \* ([A-Z]{3}(?:,[A-Z]{3})*)) \*\)")


class ScheduleSettings(BaseModel):
    """When the job runs again: at a time of day, on all days or on some; without ``schedule`` at no time."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    schedule: str | None = Field(
        default=None,
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="a time of day such as 02:30, at which a new run starts",
    )
    schedule_days: Names = Field(
        default=(), description=f"some of {', '.join(DAYS)}, separated by commas; all unless named"
    )
    schedule_zone: str = Field(default="UTC", description="a time zone such as Europe/Paris")

    @field_validator("schedule_days")
    @classmethod
    def _are_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for day in value:
            if day not in DAYS:
                raise ValueError(f"{day} is no day of the week")
        return tuple(day for day in DAYS if day in value)

    @field_validator("schedule_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("it is no time zone of the IANA's list") from None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.schedule_days and not self.schedule:
            raise ValueError(
                f"schedule_days={','.join(self.schedule_days)}: without schedule;"
                " accepted: schedule with it, or neither"
            )
        return self

    def check_schedule(self, *, mode: str, max_lifetime: int) -> None:
        """Compare the schedule with what it starts.

        Parameters
        ----------
        mode, max_lifetime
            Of the clusters; the latter in seconds.

        Raises
        ------
        ValueError
            If the clusters do not end with their job, or may meet the next one.
        """
        if self.schedule is None:
            return
        if mode != "transient":
            raise ValueError(
                f"schedule={self.schedule}: starts clusters that end with their job; accepted: mode=transient"
            )
        if max_lifetime > self.seconds_between_schedules:
            raise ValueError(
                f"max_lifetime={max_lifetime}: longer than the {self.seconds_between_schedules} seconds between"
                f" two scheduled runs; accepted: {self.seconds_between_schedules} or less, or fewer schedule_days"
            )

    @property
    def schedule_expression(self) -> str | None:
        """The schedule as EventBridge Scheduler writes it; None without one."""
        if self.schedule is None:
            return None
        hour, minute = map(int, self.schedule.split(":"))
        days = f"? * {','.join(self.schedule_days).upper()}" if self.schedule_days else "* * ?"
        return f"cron({minute} {hour} {days} *)"

    @property
    def seconds_between_schedules(self) -> int:
        """Least time from one start to the next.

        Clocks that change with the season make one night of a year an hour shorter; a run that meets the next one
        does no harm but to the bill.
        """
        numbers = [DAYS.index(day) for day in self.schedule_days or DAYS]
        following = [*numbers[1:], numbers[0] + len(DAYS)]
        return _DAY_SECONDS * min(after - before for before, after in zip(numbers, following, strict=True))


def runs_a_week(expression: str) -> int | None:
    """Return how often an expression of `ScheduleSettings.schedule_expression` comes in a week; None for any other.

    Examples
    --------
    >>> runs_a_week("cron(30 2 * * ? *)"), runs_a_week("cron(30 2 ? * MON,THU *)"), runs_a_week("rate(1 hour)")
    (7, 2, None)
    """
    found = _OF_A_WEEK.fullmatch(expression)
    if not found:
        return None
    return len(found[1].split(",")) if found[1] else len(DAYS)
