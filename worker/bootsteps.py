"""Gives each worker process its threads: those for steps, pump, reconciler, closer, sweeper and watch of hosts.

Bootsteps own them. Of the worker and not of the consumer, so that they outlive a lost broker; threads and not timers of
the hub, since a timer's slow or failing callback would stop consuming (docs/architecture.md, "Celery on Redis").
"""

import logging
import secrets
import socket
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from celery import bootsteps

from forebay.governor.bell import listen
from forebay.governor.claiming import Claiming, ClaimTerms
from forebay.governor.contract import AskedFor, Claims
from forebay.governor.deployment.host_reports import HostReports
from forebay.governor.errors import GovernorError
from forebay.governor.states import Step
from forebay.governor.view import View
from forebay.landing.result_hosts import reach
from forebay.runtime.open_runtime import one_ledger
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.notify import tell
from forebay.scheduler.splitting.splitter import Splitter
from forebay.worker.bell_listener import BellListener
from forebay.worker.celery_app import WorkerApp
from forebay.worker.host_watch import GOOD_FOR_S, HostWatch
from forebay.worker.ledger_watch import LedgerWatch
from forebay.worker.one_cpu import OneCpu, is_worth_it
from forebay.worker.pump import Ports, Pump
from forebay.worker.queues import Queues, most_together
from forebay.worker.reconciler_thread import ReconcilerThread
from forebay.worker.sent_writer import SentPorts, SentWriter
from forebay.worker.shutdown import join_within
from forebay.worker.signs_of_life import SignsOfLife
from forebay.worker.steps.retry_rules import REQUEST_CUSTODY_MS, RESEND_MS, SURELY_OVER_MS
from forebay.worker.sweeper import Sweeper
from forebay.worker.worker_service import end_unasked

log = logging.getLogger(__name__)

#: How often a lane's slots are counted again. A drift means a bug, or a Redis that lost its last second.
AUDIT_EVERY_MS = 30_000


class StepThreadsStep(bootsteps.StartStopStep):
    """Starts the threads that carry out steps, and waits for what they are at before the process ends."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        """Starts as many as the worker was told."""
        app: WorkerApp = parent.app
        room_again = partial(parent.hub.call_soon, _read_on)
        app.step_threads.start(parent.concurrency, room_again, most_together(_served(app)))

    def stop(self, parent: Any) -> None:
        """Waits: what is under way ends by itself."""
        parent.app.step_threads.stop()

    def terminate(self, parent: Any) -> None:
        """Leaves them: each run that they have is due again."""


def _served(app: WorkerApp) -> frozenset[Step]:
    """Names the steps whose queues this process reads."""
    return frozenset(step for step in Step if step.value in app.amqp.queues.consume_from)


def _read_on() -> None:
    """Does nothing: the hub asks whether a message may be taken whenever it comes round."""


class PumpStep(bootsteps.StartStopStep):
    """Starts the pump once there are threads for what it claims, and stops it with them."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._pump: Pump | None = None
        self._sent_writer: SentWriter | None = None
        self._reconciler: ReconcilerThread | None = None
        self._listener: BellListener | None = None
        self._one_cpu: OneCpu | None = None

    def start(self, parent: Any) -> None:
        """Starts the thread."""
        app: WorkerApp = parent.app
        runtime = app.runtime()
        sent_writer = self._sent_writer = SentWriter(_sent_ports(runtime, lambda: pump.wake()))
        reconciler = Reconciler(runtime.ledger, runtime.redis, runtime.config, runtime.store)
        self._reconciler = ReconcilerThread(reconciler, runtime.redis)
        queues = Queues(app.broker_server, runtime.monotonic_s)
        ledger_watch = LedgerWatch(one_ledger(app.settings, runtime).claim, end_unasked, runtime.monotonic_s)
        serves = _served(app)
        signs = SignsOfLife(runtime, parent.concurrency, ledger_watch.look, lambda: sent_writer.trouble)
        self._one_cpu = _one_cpu(app, serves)
        went_round = _behind_each_round(signs, self._one_cpu)
        ports = _ports(runtime, queues, sent_writer, self._reconciler.wake, signs.beat, went_round, serves)
        pump = self._pump = Pump(ports, serves, runtime.monotonic_s)
        self._listener = BellListener(
            lambda stopping: listen(runtime.redis, stopping),
            lambda rung: pump.ring(rung.step, rung.delay_ms, rung.lane),
            lambda bells: pump.hears(bells=bells),
        )
        runtime.made_room, runtime.answered = pump.made_room, sent_writer.answered
        runtime.publish_again = pump.publish_again
        self._reconciler.thread.start()
        sent_writer.start()
        self._listener.start()
        self._pump.start()

    def stop(self, parent: Any) -> None:
        """Ends the thread after its current round."""
        if self._listener:
            self._listener.stop()
        if self._reconciler:
            join_within(self._reconciler.stop(), parent)
        if self._sent_writer:
            self._sent_writer.stop()
        if self._pump:
            join_within(self._pump.stop(), parent)
        if self._one_cpu:
            self._one_cpu.let_go()

    def terminate(self, parent: Any) -> None:
        """Does as `stop`: a round is short."""
        self.stop(parent)


class CloserStep(bootsteps.StartStopStep):
    """Starts the closer with the worker, and stops it first."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        """Starts the thread."""
        app: WorkerApp = parent.app
        runtime = app.runtime()
        services = ClosingServices(
            ledger=runtime.ledger,
            redis=runtime.redis,
            store=runtime.store,
            tell=partial(tell, folder=app.settings.spec.parent, proxies=runtime.proxies()),
            split=Splitter(runtime.ledger, runtime.redis, runtime.config, runtime.store).split,
        )
        closer = Closer(services, stopping=self._stopping)
        self._thread = threading.Thread(target=closer.run, name="closer", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Ends the thread as soon as its work can be left."""
        self._stopping.set()
        if self._thread:
            join_within(self._thread, parent)

    def terminate(self, parent: Any) -> None:
        """Does as `stop`: what is left half done is taken up by another closer."""
        self.stop(parent)


class _UnawaitedStep(bootsteps.StartStopStep):
    """Starts a thread with the worker that nobody waits for at the end: what it leaves is done by another one."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._stopping = threading.Event()

    def start(self, parent: Any) -> None:
        """Starts the thread."""
        threading.Thread(target=self._loop(parent.app.runtime()), name=type(self).__name__, daemon=True).start()

    def stop(self, parent: Any) -> None:  # noqa: ARG002  # Celery's signature
        """Lets the thread end."""
        self._stopping.set()

    def terminate(self, parent: Any) -> None:
        """Does as `stop`."""
        self.stop(parent)

    def _loop(self, runtime: Runtime) -> Callable[[], None]:
        raise NotImplementedError


class SweeperStep(_UnawaitedStep):
    """Starts the sweeper with the worker."""

    def _loop(self, runtime: Runtime) -> Callable[[], None]:
        return Sweeper(
            runtime.opened_stores,
            runtime.ledger,
            now=partial(datetime.now, UTC),
            monotonic_s=runtime.monotonic_s,
            stopping=self._stopping,
        ).run


class HostWatchStep(_UnawaitedStep):
    """Starts with the worker what tries the hosts of results."""

    def _loop(self, runtime: Runtime) -> Callable[[], None]:
        return HostWatch(
            runtime.ways_to_results,
            lambda host, proxy: reach(host, proxy=proxy),
            lambda report: HostReports(runtime.redis).report(socket.gethostname(), report, GOOD_FOR_S),
            now=partial(datetime.now, UTC),
            stopping=self._stopping,
        ).run


def _ports(
    runtime: Runtime,
    queues: Queues,
    sent_writer: SentWriter,
    reconcile: Callable[[], None],
    beat: Callable[[], None],
    went_round: Callable[[], None],
    serves: Collection[Step],
) -> Ports:
    view = View(runtime.redis)
    terms = ClaimTerms(resend_ms=RESEND_MS, surely_over_ms=SURELY_OVER_MS, sweep_ms=REQUEST_CUSTODY_MS)
    claiming = Claiming(runtime.redis, terms, runtime.monotonic_s)
    return Ports(
        give_back=runtime.left_behind.give_back,
        lanes=view.lanes,
        stirring=lambda lanes: view.stirring(lanes, serves),
        claim=lambda asked: _claim(claiming, asked, reconcile),
        room=lambda step: queues.room(step) - (sent_writer.waiting if step is Step.SUBMIT else 0),
        note=sent_writer.note,
        noted=sent_writer.noted,
        publish=queues.publish,
        sweep=queues.publish_sweep,
        audit=lambda lane: _audit(runtime, lane),
        beat=beat,
        went_round=went_round,
    )


def _one_cpu(app: WorkerApp, serves: Collection[Step]) -> OneCpu | None:
    """Gives what keeps the threads of steps together, and the one that reads messages; None where they gain nothing."""
    if Step.DOWNLOAD in serves or not is_worth_it():
        return None
    return OneCpu(lambda: [threading.main_thread(), *app.step_threads.threads], app.runtime().monotonic_s)


def _behind_each_round(signs: SignsOfLife, one_cpu: OneCpu | None) -> Callable[[], None]:
    """Gives what the pump does behind each of its ticks."""

    def went_round() -> None:
        signs.went_round()
        if one_cpu:
            one_cpu.follow()

    return went_round


def _sent_ports(runtime: Runtime, wake: Callable[[], None]) -> SentPorts:
    return SentPorts(
        records=runtime.ledger.sent,
        node=f"{socket.gethostname()}-{secrets.token_hex(4)}",
        now=partial(datetime.now, UTC),
        wake=wake,
    )


def _claim(
    claiming: Claiming, asked: Sequence[AskedFor], reconcile: Callable[[], None]
) -> Sequence[Claims | GovernorError]:
    answers = claiming.claim(asked)
    if any(isinstance(claims, Claims) and claims.unreconciled for claims in answers):
        reconcile()
    return answers


def _audit(runtime: Runtime, lane: str) -> None:
    audit = runtime.governor(lane).audit(every_ms=AUDIT_EVERY_MS, surely_over_ms=SURELY_OVER_MS)
    if audit and any(audit):
        log.warning("audit: %s", audit, extra={"event": "audit", "lane": lane})
