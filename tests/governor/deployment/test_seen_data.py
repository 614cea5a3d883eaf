"""Up to when data go, as runs told: the newest counts, of each account by itself."""

from datetime import UTC, datetime, timedelta

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.governor.deployment.seen_data import SeenData
from forebay.governor.keys import DATA_SEEN

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_the_newest_stands_whoever_noted_it_and_in_whatever_order(
    client: redis.Redis, notes: list[tuple[bool, int]]
) -> None:
    client.delete(DATA_SEEN)
    processes = {other: SeenData(client) for other in (False, True)}
    for other, minutes in notes:
        processes[other].note("acme", None, NOON + timedelta(minutes=minutes))

    newest = NOON + timedelta(minutes=max(minutes for _, minutes in notes))
    assert SeenData(client).of_connection("acme") == {None: newest}
    client.delete(DATA_SEEN)


def test_accounts_and_connections_are_told_apart(client: redis.Redis) -> None:
    seen = SeenData(client)
    seen.note("acme", "acct_1", NOON)

    assert (seen.of_connection("acme"), seen.of_connection("other")) == ({"acct_1": NOON}, {})
    client.delete(DATA_SEEN)


def test_what_redis_lost_is_told_by_the_next_run_to_whichever_process(client: redis.Redis) -> None:
    seen = SeenData(client)
    seen.note("acme", None, NOON)
    client.delete(DATA_SEEN)
    seen.note("acme", None, NOON)

    assert seen.of_connection("acme") == {None: NOON}
    client.delete(DATA_SEEN)


def test_all_accounts_of_a_connection_are_told_at_once_and_no_other_ones(client: redis.Redis) -> None:
    seen = SeenData(client)
    told = {None: NOON, "acct_1": NOON + timedelta(hours=1), "acct_1/acct_2": NOON + timedelta(hours=2)}
    for account, until in told.items():
        seen.note("acme", account, until)
        seen.note("acme2", account, NOON + timedelta(days=1))

    assert seen.of_connection("acme") == told and seen.of_connection("acm") == {}
    client.delete(DATA_SEEN)
