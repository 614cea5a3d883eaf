"""How long a batch takes at best, and what it is bound by."""

import pytest
from pydantic import SecretStr

from forebay.config.connections import Budgets, Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode
from forebay.scheduler.definitions.estimate import estimate


def connection(
    cap: int = 100, margin: int = 0, creates: float = 10, retrieves: float = 10, all_: float = 20
) -> Connection:
    return Connection(
        name="acme",
        mode=Mode.TEST,
        secret=HeldSecret(origin="test", value=SecretStr("rk_test_1")),
        cap=cap,
        api_base="http://127.0.0.1:1",
        margin=margin,
        budgets=Budgets(creates_per_s=creates, retrieves_per_s=retrieves, requests_per_s=all_),
    )


@pytest.mark.parametrize(
    ("runs", "run_s", "seconds", "bound"),
    [
        (1000, 100, 1000.0, "100 slots"),
        (10, 600, 600.0, "one run"),
        (1000, 1, 200.0, "looks of 10/s"),
        (1000, None, 200.0, "looks of 10/s"),
    ],
)
def test_the_slowest_of_what_binds_it_is_the_estimate(
    runs: int, run_s: float | None, seconds: float, bound: str
) -> None:
    estimated = estimate({"l": runs}, connection(), run_s)

    assert (estimated.seconds, estimated.bound) == (seconds, bound)


def test_creates_and_the_budget_of_all_requests_bind_too() -> None:
    assert estimate({"l": 100}, connection(creates=1, retrieves=100, all_=200), 1).bound == "creates of 1/s"
    assert estimate({"l": 100}, connection(creates=100, retrieves=100, all_=20), 1).bound == "requests of 20/s"


def test_lanes_go_on_beside_each_other() -> None:
    assert estimate({"a": 1000, "b": 10}, connection(), 100).seconds == 1000


def test_short_queries_cannot_fill_the_cap_and_that_is_said() -> None:
    short = estimate({"l": 5000}, connection(cap=100, margin=10), 5)
    long = estimate({"l": 5000}, connection(cap=100, margin=10), 30)

    assert (short.slots, short.alive, short.fills) == (90, 50, False)
    assert (long.slots, long.alive, long.fills) == (90, 90, True)
    assert estimate({"l": 5000}, connection(), None).fills
