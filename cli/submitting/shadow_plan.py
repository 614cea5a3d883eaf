"""Says what a comparison of both generations comes to before anything is spent, and checks that a key may ask so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from forebay.cli.exits import Exit
from forebay.cli.output import words
from forebay.cli.submitting.checks.check_result import failed
from forebay.cli.submitting.checks.key_check import StripeFalters, probe, refused
from forebay.cli.submitting.planned import expected_cost
from forebay.config.connections import Connection
from forebay.config.stripe import Api
from forebay.landing.result_paths import SHADOW
from forebay.queryrun.errors import AuthError, QueryRunError, QuotaError
from forebay.scheduler.batches.history import PastBatches
from forebay.scheduler.comparing.shadow_batches import Shadow
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.definitions.estimate import Estimate, estimate
from forebay.scheduler.windows.calendar import label

_MOST_LANES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPlan:
    """What is to be spent."""

    shadow: Shadow
    estimate: Estimate
    cost: Decimal | None
    currency: str | None

    def lines(self) -> Iterator[str]:
        """Tells it to people."""
        expansion = self.shadow.expansion
        yield f"{expansion.definition}{window_words(self.shadow)} by both generations of the API, to compare what lands"
        lanes = ", ".join([*self.shadow.lanes][:_MOST_LANES]) + (" …" if len(self.shadow.lanes) > _MOST_LANES else "")
        by = ", ".join(f"{expansion.size:,} by {api} ({self.shadow.connections[api].version_of(api)})" for api in Api)
        yield f"  runs      {self.shadow.runs:,} on {lanes}: {by}"
        yield "            of class backfill: they take slots that nobody else wants"
        about = words.duration(max(1, self.estimate.seconds))
        at_best = f"{about} at best" if self.estimate.run_s else f"at least {about}"
        yield f"  time      {at_best}, bound by {self.estimate.bound}"
        if self.cost is not None:
            yield f"  cost      about {words.money(self.cost, self.currency)}"
        elif self.currency:
            yield "  cost      unknown: no price holds today, or it goes by what runs come to, and none has landed"
        yield f"  goes to   {words.place(expansion.terms.output).rstrip('/')}/{SHADOW}/, and counts as nothing that ran"
        if cut := len(expansion.cut()):
            yield f"  cut       nothing: {words.runs(cut)} would be, and may be too large or too long here"

    def facts(self) -> dict[str, Any]:
        """Names it for scripts."""
        return {
            "shadow": self.shadow.id,
            "runs": self.shadow.runs,
            "lanes": dict(self.shadow.lanes),
            "estimate_s": round(self.estimate.seconds, 1),
            "cost": self.cost,
            "currency": self.currency,
        }


def window_words(shadow: Shadow) -> str:
    """Names the window, after the definition: nothing for a batch that has none."""
    asked = shadow.expansion.asked
    return f", window {label(asked.window, ZoneInfo(asked.timezone))}," if asked else ","


def plan_shadow(shadow: Shadow, *, past: PastBatches | None, prices: Prices) -> ShadowPlan:
    """Counts what the two batches come to."""
    connection = shadow.expansion.connection
    return ShadowPlan(
        shadow=shadow,
        estimate=estimate(shadow.lanes, connection, past.run_s if past else None),
        cost=expected_cost(prices, connection.name, shadow.runs, past),
        currency=prices.currency,
    )


def require_both(connections: Mapping[Api, Connection], account: str | None) -> None:
    """Asks by each generation for a QueryRun that does not exist, which costs no slot.

    A create that is refused would close the lane for all that runs on it, so who may not ask by one of them is told
    before anything is accepted. Raises `PreflightFailed`, and what else a probe raises but for what passes by itself.
    """
    for api, connection in connections.items():
        try:
            probe(connection, account)
        except AuthError as error:
            raise refused("key", error, about=f"by api {api}: ").error() from error
        except (StripeFalters, QuotaError):
            continue  # runs wait for it by themselves
        except QueryRunError as error:
            spoken = f"by api {api}, version {connection.version_of(api)}"
            way_out = f"check api_version of connection {connection.name}, the network, and api_base"
            row = failed("key", error, code=Exit.USAGE, way_out=way_out)
            raise replace(row, message=f"{spoken}: {row.message}").error() from error
