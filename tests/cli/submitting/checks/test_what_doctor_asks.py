"""What a whole `forebay doctor` says with each kind of key, how it ends, and how many requests that costs at Stripe."""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor import keys
from tests.cli.conftest import Forebay, Said
from tests.cli.submitting.checks.conftest import Asked

MINE = "acct_sandbox0001"


@pytest.fixture
def doctor(deployed: redis.Redis, forebay: Forebay, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forebay]:
    """`doctor --json` with a key against the sandbox, beside a worker that lives."""
    deployed.set(keys.alive("here"), "1", ex=60)
    monkeypatch.setenv("FOREBAY_API_BASE", asked.url)
    monkeypatch.setenv("FOREBAY_MODE", "test")

    def call(key: str, *arguments: str) -> Said:
        monkeypatch.setenv("STRIPE_API_KEY", key)
        return forebay("doctor", "--json", *arguments)

    yield call
    assert asked.runs() == 0, "doctor has started a run"


def failing(said: Said) -> dict[str, str]:
    return {row["check"]: row["message"] for row in said.events if row.get("verdict") == "failed"}


def requests(asked: Asked) -> dict[str, int]:
    return {operation: sum(statuses.values()) for operation, statuses in asked.requests().items()}


def test_with_a_good_key_it_costs_five_requests_and_one_more_with_an_account(doctor: Forebay, asked: Asked) -> None:
    plain = doctor("rk_test_x")
    once = requests(asked)
    named = doctor("rk_test_x", "--account", MINE)
    both = requests(asked)

    assert (plain.code, named.code, failing(plain), failing(named)) == (0, 0, {}, {})
    assert once == {"retrieve": 1, "create": 2, "list_events": 1, "list_destinations": 1}
    assert {name: both[name] - count for name, count in once.items()} == {**once, "retrieve": 2}


@pytest.mark.parametrize(
    ("key", "arguments", "row", "said", "cost"),
    [
        ("sk_test_invalid_x", (), "key", "Stripe does not know this key", 1),
        ("rk_test_nopreview_x", (), "key", "its preview was not joined", 1),
        ("rk_test_nosigma_x", (), "key", "no subscription to Stripe Sigma", 1),
        ("rk_test_noaccess_x", (), "key", "Stripe's words do not tell which", 1),
        ("rk_test_needscontext_x", (), "key", "or needs Stripe-Context", 1),
        ("rk_test_nothing_x", ("--account", MINE), "key", "denies this key to read QueryRuns", 2),
        ("sk_org_test_x", ("--account", "acct_nobody"), "account", "the key has no access to acct_nobody", 2),
        ("rk_test_readonly_x", (), "create", "can read QueryRuns and not create them", 4),
    ],
)
def test_each_way_of_being_refused_ends_with_4_and_one_row_that_says_which(
    doctor: Forebay, asked: Asked, key: str, arguments: tuple[str, ...], row: str, said: str, cost: int
) -> None:
    came = doctor(key, *arguments)

    assert came.code == 4
    assert list(failing(came)) == [row]
    assert said in failing(came)[row]
    assert sum(requests(asked).values()) == cost
    assert key not in came.out + came.err
