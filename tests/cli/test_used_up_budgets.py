"""Budgets in runs and in money, and that one which is used up names itself."""

from pathlib import Path

import redis

from tests.cli.conftest import Forebay
from tests.cli.definitions import SPEC, batch_of
from tests.cli.stripe import EndlessStripe


def test_a_budget_that_is_used_up_names_itself_everywhere(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    (spec / "forebay.yaml").write_text(SPEC.format(url=stripe.url).replace("runs_per_day: 4", "runs_per_day: 3"))
    batch_of(forebay("submit", "capped"))
    words = "capped has used up its budget of today, so no more of it begins: "

    for command in (("ls",), ("lanes",)):
        assert words in forebay(*command).err, command
        causes = [event for event in forebay(*command, "--json").events if event["event"] == "cause"]
        assert "budget" in [cause["cause"] for cause in causes], command
    said = forebay("doctor")
    assert "capped has used up its budget of today" in " ".join(said.out.split())
    checks = [event for event in forebay("doctor", "--json").events if event["event"] == "check"]
    assert [check["verdict"] for check in checks if check["check"] == "budget"] == ["warning"]
    refused = forebay("submit", "capped")
    assert (refused.code, "raise its budget, or wait for 00:00 UTC" in refused.err) == (6, True)


def test_a_budget_in_money_is_as_many_runs_as_it_is_enough_for(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    text = SPEC.format(url=stripe.url).replace("runs_per_day: 4", "cost_per_day: 1.70")
    (spec / "forebay.yaml").write_text(text)
    forebay("submit", "capped")

    assert (
        "6 runs a day (budget.cost_per_day says 1.70 EUR, enough for 6 at 0.25 each), 3 of"
        in forebay("plan", "capped").out
    )
    assert forebay("submit", "capped").code == 0
    refused = forebay("submit", "capped")
    assert (refused.code, "budget.cost_per_day says 1.70 EUR" in refused.err) == (6, True)
    assert "capped has used up its budget of today" in forebay("lanes").err


def test_a_budget_in_money_bounds_nothing_where_no_price_holds(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    text = SPEC.format(url=stripe.url).replace("runs_per_day: 4", "cost_per_day: 0.01")
    (spec / "forebay.yaml").write_text(text.replace("from: 2026-01-01", "from: 2999-01-01"))

    assert forebay("submit", "capped").code == 0
    assert "no price holds before 2999-01-01, so budget.cost_per_day bounds nothing" in forebay("plan", "capped").out


def test_a_batch_whose_parts_may_have_to_wait_names_the_budget(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text + "    split: {on: created, min: 1h}\n    budget: {runs_per_day: 1}\n")
    batch = batch_of(forebay("submit", "daily", "--window", "2026-10-01"))

    said = forebay("show", batch)

    assert "daily has used up its budget of today, so no more of it begins: 1 run a day" in said.err
