"""Any order of creates, replays, ends and retrieves, by either generation: the cap holds, and no key executes twice."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.driver import ACCOUNT, Api, DataApi, eventually

CAP = 3
SECONDS_APART = 60

KEYS = st.sampled_from([f"key{number}" for number in range(6)])
GENERATIONS = st.sampled_from(["reporting", "data"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "replay", "retrieve"]), GENERATIONS, KEYS, st.booleans()),
    max_size=25,
)


def _sql(key: str, *, lasting: bool) -> str:
    return f"SELECT '{key}' AS k -- sandbox: duration={SECONDS_APART if lasting else 0}"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_random_traffic_never_exceeds_the_cap_and_never_executes_a_key_twice(
    api: Api, data_api: DataApi, steps: list[tuple[str, str, str, bool]]
) -> None:
    speaking = {"reporting": api, "data": data_api}
    api.http.post("/sandbox/reset")
    api.control(cap=CAP)
    bodies: dict[tuple[str, str], str] = {}
    ids: dict[tuple[str, str], str] = {}
    for step, generation, key, lasting in steps:
        speaks, scoped = speaking[generation], (generation, key)
        if step == "retrieve":
            assert speaks.retrieve(ids.get(scoped, "none")).status_code == (200 if scoped in ids else 404)
            continue
        fresh = _sql(key, lasting=lasting)
        sql = bodies.setdefault(scoped, fresh) if step == "replay" else fresh
        answer = speaks.create(sql, Idempotency_Key=key)
        changed = bodies.setdefault(scoped, sql) != sql
        assert answer.status_code == 409 if changed else answer.status_code in (200, 429)
        if answer.status_code == 200:
            assert ids.setdefault(scoped, answer.json()["id"]) == answer.json()["id"]
    _judge(api, ids, bodies)


def _judge(api: Api, ids: dict[tuple[str, str], str], bodies: dict[tuple[str, str], str]) -> None:
    counts = api.counts()
    tally = counts["scopes"].get(f"{ACCOUNT}:test", {"peak_alive": 0, "created": 0})
    assert tally["peak_alive"] <= CAP
    assert tally["created"] == len(ids) == counts["idempotency"]["keys"]
    assert counts["idempotency"]["max_executions_per_key"] <= 1
    lasting = sum(bodies[key].endswith(str(SECONDS_APART)) for key in ids)
    eventually(lambda: api.counts()["totals"]["alive"] == lasting)
