"""The bench of fairness in a short form: who holds what, in virtual time."""

from typing import Any

import pytest

from bench.fairness import CAP, COLUMNS, Simulation, fair_shares, first_come_first_served, row, tenants
from forebay.governor.governor import Governor


def test_every_run_is_granted_and_shares_are_fair_to_within_a_slot(valkey: Any) -> None:
    everybody = tenants(0.05)

    grants = Simulation(Governor(valkey, "bench:live"), everybody).run()

    assert len(grants) == sum(tenant.items * len(tenant.arrives_s) for tenant in everybody)
    settled = [grant for grant in grants if grant.steady > CAP and grant.backlogged]
    assert settled
    assert max(abs(grant.held[name] - grant.fair[name]) for grant in settled for name in grant.backlogged) <= 1
    in_line_s = first_come_first_served(everybody)
    assert {len(row(tenant, grants, in_line_s[tenant.name])) for tenant in everybody} == {len(COLUMNS)}


def test_what_one_does_not_want_goes_to_the_others_by_weight() -> None:
    shares = fair_shares({"a": 2, "b": 50, "c": 50}, {"a": 1, "b": 1, "c": 2}, 11)

    assert shares == pytest.approx({"a": 2, "b": 3, "c": 6})
