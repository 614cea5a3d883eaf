"""Any order of creates, replays, ends and retrieves: the cap holds, and no key executes twice."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.driver import ACCOUNT, Api, eventually

CAP = 3
SECONDS_APART = 60

KEYS = st.sampled_from([f"key{number}" for number in range(6)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), KEYS, st.booleans()),
        st.tuples(st.just("replay"), KEYS, st.booleans()),
        st.tuples(st.just("retrieve"), KEYS, st.booleans()),
    ),
    max_size=25,
)


def _sql(key: str, *, lasting: bool) -> str:
    return f"SELECT '{key}' AS k -- sandbox: duration={SECONDS_APART if lasting else 0}"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_random_traffic_never_exceeds_the_cap_and_never_executes_a_key_twice(
    api: Api, steps: list[tuple[str, str, bool]]
) -> None:
    api.http.post("/sandbox/reset")
    api.control(cap=CAP)
    bodies: dict[str, str] = {}
    ids: dict[str, str] = {}
    for step, key, lasting in steps:
        if step == "retrieve":
            assert api.retrieve(ids.get(key, "none")).status_code == (200 if key in ids else 404)
            continue
        sql = bodies.setdefault(key, _sql(key, lasting=lasting)) if step == "replay" else _sql(key, lasting=lasting)
        answer = api.create(sql, Idempotency_Key=key)
        changed = bodies.setdefault(key, sql) != sql
        assert answer.status_code == 409 if changed else answer.status_code in (200, 429)
        if answer.status_code == 200:
            assert ids.setdefault(key, answer.json()["id"]) == answer.json()["id"]
    _judge(api, ids, bodies)


def _judge(api: Api, ids: dict[str, str], bodies: dict[str, str]) -> None:
    counts = api.counts()
    tally = counts["scopes"].get(f"{ACCOUNT}:test", {"peak_alive": 0, "created": 0})
    assert tally["peak_alive"] <= CAP
    assert tally["created"] == len(ids) == counts["idempotency"]["keys"]
    assert counts["idempotency"]["max_executions_per_key"] <= 1
    lasting = sum(bodies[key].endswith(str(SECONDS_APART)) for key in ids)
    eventually(lambda: api.counts()["totals"]["alive"] == lasting)
