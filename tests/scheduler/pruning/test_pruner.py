"""What may go goes, what anybody may need stays, and a death at any moment leaves a ledger that all can read."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import redis

from forebay.config.standing import DEFAULT_STANDING
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.scheduler.extracts.gaps import gaps
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.pruning.choosing import Kept
from forebay.store.errors import NotFound, StoreError, Unavailable
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from tests.deaths.mortal import Death, MortalRedis, MortalStore, Spot
from tests.scheduler.pruning.old_ledger import DAY, LANE, OldLedger
from tests.store.ledger.test_use_records import USE
from tests.store.memory import MemoryStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def old(valkey: redis.Redis) -> OldLedger:
    return OldLedger(valkey, NOW)


def test_what_is_settled_and_old_goes_whole_and_results_stay(old: OldLedger) -> None:
    hands = [old.hand(100), old.hand(95)]
    young = old.hand(89)
    RecentBatches(old.client).add(hands[0], NOW - 100 * DAY)
    old.results.put(f"{hands[0]}/a.csv", b"1\n")

    old.prune()

    assert old.batches() == {young}
    assert [key for key in old.store.objects if not key.startswith(("batches/", "accepted/"))] == []
    assert [each.folder for each in old.ledger.acceptances.newest(NOW)] == [young]
    assert list(RecentBatches(old.client).newest()) == []
    assert list(old.results.list()) == [f"{hands[0]}/a.csv"]


def test_what_was_only_compared_is_no_window_and_none_of_the_last_that_stay(old: OldLedger) -> None:
    newest = [old.window(age) for age in (98, 97, 96)]
    old.window(99)
    compared = [old.shadow(age) for age in (95, 94, 93)]
    old.prune()
    assert old.batches() == {*newest}
    assert not {*compared} & old.batches()
    pruned = old.ledger.pruned.of(["fees"])
    windows = {age: old.day(age) for age in (99, 96, 95, 94)}
    assert [age for age, window in windows.items() if pruned.cover(window.start, window.end)] == [99]


def test_a_window_goes_with_its_parts_and_repeats_and_nobody_takes_it_for_missing(old: OldLedger) -> None:
    goes = [old.window(age) for age in range(100, 92, -1)]
    goes.append(old.window(110, parts=2))
    old.window(120, "canceled")
    old.window(120, again=1)
    old.window(111, "failed")
    old.marks.add("fees", "late", "20260801T0000Z-20260802T0000Z", NOW)
    newest = [old.window(age) for age in (92, 91, 90)]
    calendar = [old.day(age) for age in (*range(90, 101), 110, 111, 120)]

    old.prune()

    assert old.batches() == set(newest), "the last three that landed are kept, for the next to be compared with"
    status = StatusReader(Ledger(old.store), Marks(old.store)).read("fees", [*calendar, old.day(115)])
    absent = [window.window for window in status.windows if window.absent]
    assert absent == [old.day(115)], "that one alone never ran"
    assert [gap.window for gap in gaps(status.windows)] == [old.day(115)]


def test_late_marks_of_what_is_pruned_go_and_others_stay(old: OldLedger) -> None:
    for age in (120, 100, 99, 98, 97):
        old.window(age)
    names = ["20260724T0000Z-20260725T0000Z", "20260701T0000Z-20260702T0000Z"]
    assert f"fees.{names[0]}" in old.batches()
    for kind in ("late", "skipped"):
        old.marks.add("fees", kind, names[0], NOW)  # type: ignore[arg-type]
        old.marks.add("fees", kind, names[1], NOW)  # type: ignore[arg-type]

    old.prune()

    assert list(old.marks.all("fees", "late")) == [names[1]]
    assert list(old.marks.all("fees", "skipped")) == names[::-1], "else a catch-up would run it"


def never_pruned(old: OldLedger) -> dict[Kept, list[str]]:
    """One of each that may never go."""
    newest = [old.window(age) for age in (141, 142, 143)]
    known = old.hand(150)
    Governor(old.client, LANE).configure(LaneLimits(cap=5))
    Governor(old.client, LANE).open_flow(known, 2, DEFAULT_STANDING)
    retried = old.window(131)
    old.ledger.open_marks.retry(retried)
    repeated = old.window(132, "canceled")
    part = old.window(133, parts=1)
    (parts,) = [folder for folder in old.batches() if folder.startswith(f"{part}.split")]
    old.ledger.open_marks.accept(old.ledger.batch_in(parts).id, NOW)
    return {
        Kept.OPEN: [old.window(134, None), old.hand(151, settled=False), retried, parts],
        Kept.REVIEW: [old.window(135, "checks_failed", in_quarantine=1)],
        Kept.LATELY: [old.window(136, "failed", ended=20), old.window(132, again=1, ended=10)],
        Kept.KNOWN: [known],
        Kept.NEWEST: newest,
        Kept.TOGETHER: [repeated, part],
    }


def test_what_somebody_may_need_stays_and_is_counted_by_why(old: OldLedger) -> None:
    kept = never_pruned(old)
    goes = old.hand(152)
    assert goes in old.batches()

    pruner, before = old.pruner(), NOW - 90 * DAY
    choice = pruner.choose(before)
    pruner.prune(choice, before)

    assert old.batches() == {name for names in kept.values() for name in names}
    assert dict(choice.kept) == {why: len(names) for why, names in kept.items()}


def test_what_somebody_took_up_after_the_choice_stays(old: OldLedger) -> None:
    batch = old.hand(100)
    pruner, before = old.pruner(), NOW - 90 * DAY
    choice = pruner.choose(before)
    old.ledger.open_marks.retry(batch)

    pruner.prune(choice, before)

    assert old.batches() == {batch}


def test_a_record_that_cannot_be_read_is_named_and_stays(old: OldLedger) -> None:
    batch = old.hand(100)
    old.store.put(f"batches/{batch}/batch.json", b'{"format": 99}')
    goes = old.hand(101)

    pruner, before = old.pruner(), NOW - 90 * DAY
    choice = pruner.choose(before)
    pruner.prune(choice, before)

    assert (old.batches(), list(choice.problems)) == ({batch}, [batch])
    assert goes not in old.batches()


def test_leftovers_in_quarantine_go_and_what_waits_there_stays(old: OldLedger) -> None:
    for age in (91, 92, 93):
        old.window(age)
    done = old.window(100, publish="all_or_nothing")
    older_release = old.window(99, publish="all_or_nothing", in_quarantine=None)
    failed = old.window(101, "failed", publish="all_or_nothing", parts=1)
    waits = old.window(102, "checks_failed", publish="all_or_nothing", in_quarantine=1)
    for batch in (done, older_release, waits, f"{failed}.split-acme%253Alive-0-2", "somebodys"):
        old.results.put(f"_quarantine/{batch}/a.csv", b"1\n")
    old.results.put(f"_quarantine/{failed}/_batch.json", b"{}")

    old.prune()

    assert sorted(old.results.list()) == [
        f"_quarantine/{waits}/a.csv",
        f"_quarantine/{failed}.split-acme%253Alive-0-2/a.csv",
        f"_quarantine/{failed}/_batch.json",
        "_quarantine/somebodys/a.csv",
    ]


def test_a_destination_that_refuses_keeps_its_batch_and_is_named(old: OldLedger) -> None:
    for age in (91, 92, 93):
        old.window(age)
    batch = old.window(100, publish="all_or_nothing")
    before = NOW - 90 * DAY

    class Refusing(MemoryStore):
        def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
            raise Unavailable("it is not there today")

    old.results = Refusing()
    pruner = old.pruner()
    choice = pruner.choose(before)
    pruner.prune(choice, before)

    assert batch in old.batches()
    assert "it is not there today" in choice.problems[batch]


def test_questions_whether_data_are_ready_go_with_their_answers(old: OldLedger) -> None:
    old.question(100)
    young = old.question(40)

    old.prune()

    assert old.batches() == {young}
    assert list(old.probes.list()) == [f"{young}/data_load_time.csv"]


def test_what_is_spent_of_past_days_goes(old: OldLedger) -> None:
    day = NOW.date() - timedelta(days=90)
    for each in (day - timedelta(days=1), day, NOW.date()):
        old.ledger.spent.claim("fees", each, "b1", 7)

    old.prune()

    assert [bool(old.ledger.spent.claims("fees", each)) for each in (date(2020, 1, 1), day, NOW.date())] == [
        False,
        True,
        True,
    ]
    assert len([key for key in old.store.objects if key.startswith("spent/")]) == 2


def test_what_was_spent_goes_only_when_no_year_can_be_held_against_the_one_before(old: OldLedger) -> None:
    days = [NOW.date() - timedelta(days=age) for age in (801, 800, 100)]
    for day in days:
        old.ledger.uses.add(replace(USE, day=day))

    old.prune()

    assert [day for day, _ in old.ledger.uses.days(date(2020, 1, 1), NOW.date())] == days[1:]


def filled(old: OldLedger) -> OldLedger:
    """Some of each kind."""
    for age in (100, 99, 98, 97, 96):
        old.window(age)
    old.window(110, parts=2)
    old.window(111, publish="all_or_nothing")
    old.results.put(f"_quarantine/{old.window(112, publish='all_or_nothing')}/left.csv", b"")
    old.marks.add("fees", "late", "20260724T0000Z-20260725T0000Z", NOW)
    RecentBatches(old.client).add(old.hand(120), NOW - 120 * DAY)
    old.question(121)
    old.ledger.spent.claim("fees", date(2026, 1, 1), "b1", 7)
    old.ledger.uses.add(replace(USE, day=date(2020, 1, 1)))
    never_pruned(old)
    return old


class Torn(MortalStore):
    """Dies in the middle of removing many, too."""

    def delete_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.delete(key)


def pruned(old: OldLedger, spot: Spot | None = None, *, done: bool = False) -> Death:
    """Lets a pruning die at one of its operations, or at none."""
    death = Death(spot, done=done)
    store = Torn(old.store, death)
    pruner = old.pruner(store, MortalRedis(old.client, death))  # type: ignore[arg-type]
    before = NOW - 90 * DAY
    choice = old.pruner().choose(before)  # choosing changes nothing
    with suppress(StoreError, GovernorError):
        pruner.prune(choice, before)
    return death


def test_a_death_at_any_moment_leaves_what_all_can_read_and_the_next_one_ends_it(old: OldLedger) -> None:
    filled(old)
    windows = [old.day(age) for age in range(90, 140)]
    ran = {w.window for w in StatusReader(old.ledger, old.marks).read("fees", windows).windows if not w.absent}
    whole = OldLedger(old.client, NOW, like=old)
    spots = pruned(whole).spots()
    assert len(spots) > 40
    for spot in spots:
        for done in (False, True):
            dying = OldLedger(old.client, NOW, like=old)
            assert pruned(dying, spot, done=done).struck, spot
            statuses = StatusReader(Ledger(dying.store), Marks(dying.store)).read("fees", windows).windows
            assert {each.window for each in statuses if not each.absent} == ran, spot
            readable(dying, spot)
            dying.prune()
            assert dying.store.objects.keys() == whole.store.objects.keys(), spot
            assert dying.results.objects.keys() == whole.results.objects.keys(), spot


def readable(old: OldLedger, spot: Spot) -> None:
    """Reads all that is listed, as the commands do."""
    ledger = Ledger(old.store)
    for acceptance in ledger.acceptances.newest(NOW):
        try:
            batch = ledger.batch_in(acceptance.folder)
        except NotFound:
            continue
        assert len([*ledger.items(batch.id, LANE)]) == 2, spot
        if batch.policy and batch.policy.whole:
            assert ledger.batch(batch.policy.whole), f"parts without their whole, {spot}"
        list(ledger.failures(batch.id, LANE))


def test_windows_side_by_side_are_kept_as_one_span(old: OldLedger) -> None:
    for age in range(106, 92, -1):
        old.window(age)

    old.prune()

    first, last = old.day(106), old.day(96)
    assert old.ledger.pruned.of(["fees"]).spans == (Span(start=first.start, end=last.end),)


@pytest.mark.parametrize("young", [0, 20])
def test_it_costs_four_requests_a_batch_that_goes_and_nothing_for_what_is_younger(old: OldLedger, young: int) -> None:
    for age in range(131, 101, -1):
        old.window(age)
    for number in range(young):
        old.window(89 - number)
    old.store.asked.clear()

    old.prune()

    chosen, goes = 30, 27
    fixed = 12
    assert old.store.asked["get"] == 2 * chosen  # its record and its closing
    assert old.store.asked["list"] <= chosen + goes + fixed  # its closing's number, and its objects
    assert old.store.asked["put"] <= 2
    assert old.store.asked["delete"] <= 10
    assert old.store.asked["head"] == 0
