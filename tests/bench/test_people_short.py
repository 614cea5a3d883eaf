"""The bench of people's commands in a short form: what Redis executes, which no machine makes more or less."""

from bench.people import COMMANDS, costs, half_done, place


def test_what_people_ask_costs_redis_the_same_however_long_the_batch_is() -> None:
    with place() as here:
        costs(here, half_done(here, 200, 10), times=1)  # nobody is first
        few, many = (costs(here, half_done(here, size, 10), times=1) for size in (200, 2_000))

    assert set(few) == set(COMMANDS)
    for name, cost in few.items():
        assert many[name].redis_commands <= 1.1 * cost.redis_commands, name
