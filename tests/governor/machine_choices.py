"""Names what the machine chooses from: settings, moments, flows, and what becomes of runs."""

from hypothesis import strategies as st

from forebay.config.standing import FlowClass, Standing, StandingChange
from forebay.governor.durations import Took
from forebay.governor.states import RunState
from tests.governor.driver import PLENTY
from tests.governor.model_records import TICK_MS

HOUR_MS = 3_600_000
#: So little is one request for each two ticks; most lanes have enough, since otherwise little would ever move.
RATES = st.sampled_from([PLENTY, 1000 / (2 * TICK_MS)])
OPERATIONS = ("creates_per_s", "retrieves_per_s", "requests_per_s")
ENOUGH = dict.fromkeys(OPERATIONS, PLENTY)
BUDGETS = st.one_of(st.just(ENOUGH), st.just(ENOUGH), st.fixed_dictionaries(dict.fromkeys(OPERATIONS, RATES)))
TICKS = st.integers(0, 4).map(lambda ticks: ticks * TICK_MS)
#: After so long a sweep is due again that nobody ends.
SWEEP_MS = 2 * TICK_MS
FLOWS = st.sampled_from(["one", "two", "three", "four"])
OUTCOMES = st.sampled_from([RunState.LANDED, RunState.FAILED, RunState.CANCELED])
QUERY_RUNS = st.sampled_from(["qr_a", "qr_b"])
A_FEW = st.integers(0, 3)
#: Who sets slots aside.
HOLDERS = st.sampled_from(["me", "me", "another"])
#: An end after some twenty seconds.
TOOK = Took(3.0, 9.1)
HOWS = st.sampled_from(["well", "well", "badly", "refused", "faulty", "not yet", "crash"])
CLASSES = st.sampled_from(FlowClass)
WEIGHTS = st.sampled_from([1.0, 2.0, 3.0, 0.5])
CEILINGS = st.sampled_from([0, 0, 0, 1, 2])
HOLD_AFTERS = st.sampled_from([None, None, None, 0, 1, 3])
STANDINGS = st.one_of(st.just(Standing()), st.builds(Standing, flow_class=CLASSES, weight=WEIGHTS, ceiling=CEILINGS))
STANDING_CHANGES = st.builds(
    StandingChange,
    flow_class=st.one_of(st.none(), CLASSES),
    weight=st.one_of(st.none(), WEIGHTS),
    ceiling=st.one_of(st.none(), CEILINGS),
)
#: What the spec says of a lane, and what an operator may say instead, with names as in `LaneLimits`.
SETTINGS = {
    "cap": st.sampled_from([12, 9, 6, 4, 3, 2, 1, 0]),
    "margin": st.sampled_from([0, 0, 1, 2]),
    "reserve_interactive": st.sampled_from([0, 1]),
    "reserve_scheduled": st.sampled_from([0, 0, 1]),
    "ageing_s": st.sampled_from([0, 2 * TICK_MS // 1000]),
}
#: Attempts by index, of runs whose creates may have been sent.
SENT = st.dictionaries(st.integers(0, 9), st.integers(0, 2), max_size=3)
RETRIED = st.one_of(st.just([*range(6)]), st.lists(st.integers(0, 5), max_size=4))
