"""Plans when to look at a run that Stripe is running: pure functions of what is known, in seconds.

Stripe tells the end of a query only to who asks, and asking is what is scarce: 500 runs share 10 to 25 retrieves a
second. So each look is spent where an end is most likely. Nothing is learned while a run goes on except that it goes
on, so the best plan for it follows from its age, given how long such queries take (`durations.py`) and what a look
costs: its price, in seconds of lag that it has to save (`poll_plan.py`).

Events that tell of ends (`feed.py`) make looks worth less: one saves only what events miss, and how late they are. The
same programme plans them then, and they are as many as without events where those are of no use.

`bench/ceiling.py` shows how near this comes to the best that any plan can do.
"""

import math
from dataclasses import dataclass

from forebay.governor.durations import Durations
from forebay.governor.feed import Feed
from forebay.governor.poll_plan import NO_EVENTS, Events, age_of_next_look, price_of_a_look, solve

#: Nobody waits for an answer so eagerly that a run is asked about more often.
SHORTEST_POLL_S = 0.5
#: The first look at a run of which nothing is known; the next ones each at twice that age, up to the second. It may be
#: the only one that a person waits for, and a budget that nobody else uses has looks enough.
FIRST_POLL_S = 0.25
#: And where a list of events is asked: by then it has told of some ends, or a look finds that it does not.
FIRST_POLL_WITH_EVENTS_S = 10.0
#: The worst wait of any run for its next look, whatever its statistics say, when the budget allows it.
LONGEST_POLL_S = 60.0
#: A look is worth at least this much lag: a single run with a whole budget to itself is not asked about all the time.
LEAST_PRICE_S = 0.1
#: Where events tell of all ends it must save more, since a look finds one end, and a request of the list all. But no
#: end is seen later for that than looks alone would see it, or than soon where events are not late themselves.
LEAST_PRICE_WITH_EVENTS_S, SOON_S, LATE_S = 1.0, 2.0, 5.0
#: But who misses one end in seven is counted on for nothing: each of those would wait long, and the last hold up their
#: batch. Between none and so many that least falls to what it is where nothing tells.
MISSING_TOO_MANY = 0.15
#: One run in so many of a well known query (of less spread than this) is a scout, looked at first when hardly any has
#: ended (so many spreads from the median). All others are left alone until their end is near, so that a query which has
#: become quicker would go on looking as slow as it was.
SCOUTS = 20
WELL_KNOWN_SIGMA = 0.4
_SCOUT_SPREADS = -3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutlook:
    """What is known when the next look at a run is planned."""

    durations: Durations | None
    """Of this query; else of its lane; None: nothing has ended yet."""
    alive: int
    """Runs of the lane that may want looks."""
    retrieves_per_s: float
    requests_per_s: float
    feed: Feed | None = None
    """What events are worth; None where none tell of ends."""

    @property
    def runs_per_poll(self) -> float:
        """Divides the runs alive by the looks a second that the budgets leave beside the creates.

        At least a third of all requests are left: where the first that ended were short, more creates follow from them
        than there can be, and looks would be planned as if there were none.
        """
        creates_per_s = self.alive / self.durations.mean_s if self.durations else 0.0
        left_per_s = max(self.requests_per_s - creates_per_s, self.requests_per_s / 3)
        return self.alive / min(self.retrieves_per_s, left_per_s)


def first_poll_s(index: int, outlook: PollOutlook) -> float:
    """Says how long to wait before the first look at a run that was just created, by its index in its flow."""
    wait_s, known = next_poll_s(0.0, outlook), outlook.durations
    if known is None or known.sigma >= WELL_KNOWN_SIGMA or index % SCOUTS or outlook.feed:
        return wait_s  # an event tells exactly how long it took, and is a scout that costs nothing
    return min(wait_s, max(known.median_s * math.exp(_SCOUT_SPREADS * known.sigma), SHORTEST_POLL_S))


def next_poll_s(age_s: float, outlook: PollOutlook) -> float:
    """Says how long to wait before looking at a run of this age."""
    durations = outlook.durations
    if durations is None:
        # In a crowd each in turn: asking for more than there is would only make those wait whose end is near.
        return _without_a_plan(age_s, outlook)
    unit, sigma = durations.median_s, _twentieth(durations.sigma)
    events = _events(outlook.feed, unit)
    runs_per_poll = _rounded(outlook.runs_per_poll / unit)
    following, by_looks = _plan(sigma, runs_per_poll, events, unit)
    next_age = age_of_next_look(sigma, following, age_s / unit + 1e-9, from_birth=by_looks)
    if next_age is None:
        # Older than nearly all of its kind: then it is of another kind, and its age is all that is known of it.
        return _without_a_plan(age_s, outlook)
    return min(max(next_age * unit - age_s, SHORTEST_POLL_S), LONGEST_POLL_S)


def _plan(sigma: float, runs_per_poll: float, events: Events, unit_s: float) -> tuple[tuple[float, ...], bool]:
    """Plans looks by what they cost, and says whether it is looks that find the ends, or events.

    A look costs what it saves where looks just fit the budget, and a least that grows with what events tell of. Where
    ends would still be seen later than by looks alone, events only delay: then looks go on as if there were none.
    """
    alone_price = max(price_of_a_look(sigma, runs_per_poll), LEAST_PRICE_S / unit_s)
    alone, _, lag_alone = solve(sigma, _rounded(alone_price))
    if events is NO_EVENTS:
        return alone, True
    price = price_of_a_look(sigma, runs_per_poll, events)
    trust = max(0.0, 1.0 - events.missing / MISSING_TOO_MANY)
    least = (LEAST_PRICE_S + trust * (LEAST_PRICE_WITH_EVENTS_S - LEAST_PRICE_S)) / unit_s
    enough = lag_alone if events.delay * unit_s > LATE_S else max(lag_alone, SOON_S / unit_s)
    while least > price and solve(sigma, _rounded(least), events)[2] > enough:
        least /= 1.25
    following, _, lag = solve(sigma, _rounded(max(price, least)), events)
    if lag > enough:
        return alone, True
    return following, events.missing > 0.5 or price >= least


def _without_a_plan(age_s: float, outlook: PollOutlook) -> float:
    wait_s = max(_by_age(age_s), outlook.runs_per_poll)
    feed = outlook.feed
    if feed and feed.delay_s <= max(wait_s, LATE_S):
        wait_s /= feed.missing
    if feed:
        wait_s = max(wait_s, FIRST_POLL_WITH_EVENTS_S - age_s)
    return min(wait_s, LONGEST_POLL_S)


def _events(feed: Feed | None, unit_s: float) -> Events:
    if feed is None:
        return NO_EVENTS
    return Events(min(1.0, _rounded(feed.missing)), _rounded(feed.delay_s / unit_s))


def _by_age(age_s: float) -> float:
    """Waits as long as a young query has taken, up to a second, then a tenth: a person who waits does not notice."""
    return max(FIRST_POLL_S, min(age_s, 1.0), min(age_s / 10, LONGEST_POLL_S))


def _twentieth(sigma: float) -> float:
    """Rounds a spread, so that plans are shared by those that differ little."""
    return max(round(sigma * 20) / 20, 0.05)


def _rounded(value: float) -> float:
    """Rounds to some 8 %, so that plans are shared, and the cache stays small."""
    return 0.0 if value <= 0 else math.exp(round(math.log(value) * 12) / 12)
