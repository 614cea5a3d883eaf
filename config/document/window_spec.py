"""Defines the windows of the spec: how time is cut, when a window runs after its end, and one window that is fixed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from forebay.config.document.strict import Strict
from forebay.config.document.values import CatchUp, CatchUpText, Every, LocalMoment, PeriodText, When, Zone


class WindowsSpec(Strict):
    """How time is cut into half-open windows that never overlap."""

    every: Every
    """`1h`, `1d`, `1w`, `1mo`, or a cron line whose moments are the bounds."""
    timezone: Zone = "UTC"
    """The zone whose days and months are meant: UTC, Europe/Berlin."""
    start: LocalMoment
    """Where the first window begins, by that zone's clock."""
    lookback: PeriodText | None = None
    """Moves the start that the query sees back; windows themselves stay as they are."""


class ScheduleSpec(Strict):
    """When a window runs after its end."""

    when: When = "data_ready"
    """`data_ready` waits until Sigma holds the window's data; `at_end` runs at its end plus `delay`; a cron line runs
    at its next moment after the end; `manual` only when asked."""
    delay: PeriodText | None = None
    """How long after the window's end it runs at the earliest."""
    late_after: PeriodText | None = None
    """A window that has not landed so long after its end is reported as late."""
    catch_up: CatchUpText = CatchUp(7)
    """Which windows that should have run are run late: `none` (only the newest), `last N`, `all`."""
    overlap: Literal["skip", "queue", "allow"] = "queue"
    """What happens to a window while the one before it still runs."""

    @model_validator(mode="after")
    def _delay_has_a_sense(self) -> Self:
        if self.delay is not None and self.when not in ("data_ready", "at_end"):
            raise ValueError(f"'delay' goes with when: data_ready or at_end, and not with '{self.when}'")
        if self.delay and self.late_after and self.late_after.longest <= self.delay.longest:
            raise ValueError(
                f"late_after {self.late_after} is over before delay {self.delay}: all windows would be late"
            )
        return self


class RangeSpec(Strict):
    """A fixed half-open window, for a batch whose SQL names `window.start` and `window.end`."""

    start: LocalMoment
    end: LocalMoment
    timezone: Zone = "UTC"
    """The zone by whose clock they are meant: UTC, Europe/Berlin."""

    @model_validator(mode="after")
    def _is_no_point(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"its end {self.end.isoformat()} is not after its start {self.start.isoformat()}")
        return self
