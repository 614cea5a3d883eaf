"""Fills gaps for the page and the API: what was begun there goes on in threads of this process, or of the next one.

A deed that goes on (`store/ledger/deeds.py`) is the order: its range stands in it before anything is submitted. Whoever
serves the page looks what goes on when it starts, and now and then, and carries on what nobody has the turn for. A
client without a server does so once it began one. That asks nothing twice: a batch's id names its window, and what
ended since the deed began had its turn (`scheduler/extracts/gaps.py`).
"""

import logging
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from forebay.cli.deployment import Deployment
from forebay.cli.following.backfilling import windows_between
from forebay.cli.following.filling_told import ToldInLog
from forebay.cli.following.gap_filler import Filled, GapFiller
from forebay.cli.following.interrupts import Interrupts
from forebay.cli.output import words
from forebay.cli.serving.problem_statuses import problem_of
from forebay.governor.deployment.deed_turn import DeedTurn
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.errors import BudgetExceeded
from forebay.scheduler.extracts.gaps import Act, Filling, Gap, filling_of, gaps_left
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Window
from forebay.store.errors import StoreError, Unavailable
from forebay.store.ledger.deeds import Deed

log = logging.getLogger(__name__)

#: How often it is looked for what another process left: one request to the store.
LOOK_EVERY_S = 300.0
#: Others wait for their turn, oldest first: each asks Redis once a second how its windows are.
MOST_AT_ONCE = 8
#: How long a turn is good for, and how often it is renewed, and asked whether somebody stopped it: of so many rounds of
#: a second, and of windows that are submitted.
TURN_S, LOOKS = 60.0, 10
#: A round ends within this, unless a store does not answer.
_END_S = 5.0


class Backfills:
    """What this process fills of what people began."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._deeds = deployment.ledger.deeds
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._at_work: dict[str, threading.Thread] = {}

    @contextmanager
    def working(self, *, at_once: bool = True) -> Iterator[None]:
        """Works until the end of the block, and leaves what goes on to the next process.

        Not `at_once` it takes up nothing before something was `begun` here: who never does needs no key of Stripe's.
        """
        keeper = threading.Thread(target=self._keep, name="backfills", daemon=True)
        if at_once:
            self._woken.set()
        keeper.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._woken.set()
            # Who forgot to close a client has it left by the thread that collects garbage, which may be one of these.
            for thread in {keeper, *list(self._at_work.values())} - {threading.current_thread()}:
                thread.join(_END_S)

    def begun(self) -> None:
        """Looks at once: somebody began one."""
        self._woken.set()

    def _keep(self) -> None:
        self._woken.wait()
        while not self._stopping.is_set():
            self._woken.clear()
            some = True
            try:
                some = self._take_up()
            except StoreError as error:
                log.warning("what goes on could not be read: %s", error, extra={"event": "backfills_away"})
            except Exception:  # a thread has nobody above it
                log.exception("what goes on could not be taken up", extra={"event": "bug"})
            self._woken.wait(TURN_S if some else LOOK_EVERY_S)

    def _take_up(self) -> bool:
        """Begins to work on what goes on; False where nothing does."""
        going_on = self._deeds.going_on()
        for name in going_on:
            if name in self._at_work or len(self._at_work) >= MOST_AT_ONCE:
                continue
            thread = threading.Thread(target=self._work, args=(name,), name=f"backfill {name}", daemon=True)
            self._at_work[name] = thread
            try:
                thread.start()
            except RuntimeError:  # this machine has no room for it now
                del self._at_work[name]
                raise
        return bool(going_on)

    def _work(self, name: str) -> None:
        try:
            self.carry_on(name)
        except (StoreError, GovernorError) as error:
            log.warning("backfill %s is put off: %s", name, error, extra={"event": "backfill_put_off"})
        except Exception:  # a thread has nobody above it
            log.exception("a backfill failed, which is a bug", extra={"event": "bug"})
        finally:
            del self._at_work[name]

    def carry_on(self, name: str) -> None:
        """Fills what is left of one, unless another process does, and keeps what came of it.

        Raises `StoreError` and `GovernorError`: then it goes on, and is taken up once more.
        """
        turn = DeedTurn(self._deployment.redis, name, good_for_s=TURN_S)
        if not turn.take():
            return
        try:
            deed = self._deeds.one(name)
            if deed is None:
                return  # in the writing; or what is left of one that never was
            came = (deed.came, deed.done) if deed.came else self._fill(deed, _Turn(self, name, turn))
            if came and self._deeds.goes_on(name):
                self._deeds.end(name, replace(deed, came=came[0], done=came[1]))
                self._deeds.over(name)
        finally:
            with suppress(GovernorError):
                turn.release()

    def ending(self, seconds: float) -> bool:
        """Waits for so long; tells at once when this process ends."""
        return self._stopping.wait(seconds)

    @property
    def is_ending(self) -> bool:
        """Tells whether this process ends."""
        return self._stopping.is_set()

    def stopped(self, name: str) -> bool:
        """Tells whether somebody stopped it."""
        with suppress(StoreError):
            return not self._deeds.goes_on(name)
        return False

    def _fill(self, deed: Deed, turn: Interrupts) -> tuple[str, bool] | None:
        """Returns what came of it, and whether all was done; None where this process stops in its midst."""
        try:
            return self._filled(deed, turn)
        except (Unavailable, RedisUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - it is told to who looks at the deed
            return problem_of(error).message, False

    def _filled(self, deed: Deed, turn: Interrupts) -> tuple[str, bool] | None:
        deployment, extract = self._deployment, deed.target
        asked = windows_between(deployment.config, extract, deed.asked.get("from"), deed.asked.get("to"), deed.at)
        statuses = StatusReader(deployment.ledger, deployment.marks).read(extract, asked).windows
        todo = deque(gaps_left(reversed(statuses), deed.at))
        under_way = [(status.window, status.batch) for status in statuses if status.open and status.batch]
        assert deployment.config.written  # noqa: S101 - it has the extract
        calendar = calendar_of(deployment.config.written, extract)
        if not todo and not under_way:
            return self._came(deed, asked, Filled(ended={}))
        first = todo[0] if todo else Gap(window=under_way[0][0], act=Act.SUBMIT)
        filler = GapFiller(deployment, extract, calendar, todo, ToldInLog(extract), under_way=under_way)
        try:
            filled = filler.fill(filler.expansion(first).connection, turn)
        except BudgetExceeded as error:
            filled = Filled(ended={}, left=len(todo), refused=error)
        if filled.signum is not None:
            return None
        return self._came(deed, asked, filled)

    def _came(self, deed: Deed, asked: list[Window], filled: Filled) -> tuple[str, bool]:
        """Counts by the ledger: some of it may be another process's work."""
        statuses = StatusReader(self._deployment.ledger, self._deployment.marks).read(deed.target, asked).windows
        counts = Counter(filter(None, (filling_of(status, deed.at) for status in statuses)))
        came = f"{counts[Filling.FILLED]:,} of {words.counted(counts.total(), 'window')} filled"
        if filled.stopped:
            return f"{came}; {filled.stopped} was stopped, so nothing further is submitted", False
        if filled.refused:
            again = "raise its budget, or begin it again after 00:00 UTC"
            return f"{came}; {counts[Filling.LEFT]:,} left: {filled.refused.reason}; {again}", False
        return came, counts[Filling.FILLED] == counts.total()


class _Turn(Interrupts):
    """Stops a filling when its process ends, somebody stops it or another process has its turn, which it keeps else."""

    def __init__(self, backfills: Backfills, name: str, turn: DeedTurn) -> None:
        super().__init__()
        self._backfills, self._name, self._turn = backfills, name, turn
        self._looks, self._ended = 0, False

    def wait(self, seconds: float) -> signal.Signals | None:
        """Waits for so long, or for the end of this process."""
        return signal.SIGTERM if self._ended or self._backfills.ending(seconds) or self._looked() else None

    def came(self) -> bool:
        """Tells, before each window that is submitted, whether it is to end: a round may have hundreds."""
        return self._backfills.is_ending or self._looked()

    def _looked(self) -> bool:
        self._looks += 1
        if self._looks % LOOKS == 0:
            self._ended = self._is_lost() or self._backfills.stopped(self._name)
        return self._ended

    def _is_lost(self) -> bool:
        """Keeps its turn; tells whether another process has it, since a round took longer than it was good for."""
        with suppress(GovernorError):  # filling itself says that Redis is away
            return not (self._turn.renew() or self._turn.take())
        return False
