"""Names every metric that is exported, with what it means: docs/metrics.md, rules and dashboards know these alone.

Labels have few values: a lane, a class, a step, an extract; never a run or a batch. An account only where a lane is
one (`lane.scope: account`), since then the lane is what there is to be seen.
"""

from forebay.metrics.exposition import Metric

# Lanes, now.
SLOTS_HELD = Metric(
    name="forebay_lane_slots_held",
    kind="gauge",
    help="Slots in use, from the grant to the observed end.",
    labels=("lane", "class"),
)
SLOTS_LIMIT = Metric(
    name="forebay_lane_slots_limit",
    kind="gauge",
    help="What others leave of the cap, as far as refusals have shown.",
    labels=("lane",),
)
SLOTS_CAP = Metric(
    name="forebay_lane_slots_cap",
    kind="gauge",
    help="Runs that may be alive at once, as Stripe allows or as was decided.",
    labels=("lane",),
)
SLOTS_MARGIN = Metric(
    name="forebay_lane_slots_margin", kind="gauge", help="Slots of the cap that are left to others.", labels=("lane",)
)
LANE_RUNS = Metric(
    name="forebay_lane_runs",
    kind="gauge",
    help="Runs that have not settled; of those that wait, those that a free slot would go to.",
    labels=("lane", "state"),
)
OLDEST_WAITING = Metric(
    name="forebay_lane_oldest_waiting_seconds",
    kind="gauge",
    help="Since the oldest batch was accepted of which a run waits for a slot.",
    labels=("lane", "class"),
)
OVERDUE = Metric(
    name="forebay_lane_due_overdue_seconds",
    kind="gauge",
    help="For how long a step has been due that nobody has taken up; a look at an end that was told counts 30 s more.",
    labels=("lane", "step"),
)
OLDEST_UNLANDED = Metric(
    name="forebay_lane_oldest_unlanded_seconds",
    kind="gauge",
    help="Since the end of the run that has waited longest to land.",
    labels=("lane",),
)
GATE_CLOSED = Metric(
    name="forebay_lane_gate_closed",
    kind="gauge",
    help="1 while Stripe's refusals hold requests of this kind back.",
    labels=("lane", "gate"),
)
LANE_PAUSED = Metric(
    name="forebay_lane_paused", kind="gauge", help="1 while a person has paused the lane.", labels=("lane",)
)
UNRECONCILED = Metric(
    name="forebay_lane_unreconciled",
    kind="gauge",
    help="1 while the lane starts nothing, since Redis has first to be reconciled with the ledger.",
    labels=("lane",),
)

# Lanes, since they were first used.
GATE_CLOSINGS = Metric(
    name="forebay_gate_closings_total",
    kind="counter",
    help="How often refusals closed a gate.",
    labels=("lane", "gate"),
)
REQUESTS = Metric(
    name="forebay_requests_total",
    kind="counter",
    help="Requests to Stripe that the budgets let pass.",
    labels=("lane", "operation"),
)
RUNS = Metric(name="forebay_runs_total", kind="counter", help="Runs that settled.", labels=("lane", "outcome"))
FAILURES = Metric(
    name="forebay_run_failures_total",
    kind="counter",
    help="Runs that failed, by class of failure.",
    labels=("lane", "error_class"),
)
QUEUE_DURATION = Metric(
    name="forebay_queue_duration_seconds",
    kind="histogram",
    help="From a batch's acceptance to the grant of a slot, of runs that landed at their first attempt.",
    labels=("lane",),
)
QUERY_DURATION = Metric(
    name="forebay_query_duration_seconds",
    kind="histogram",
    help="From the answered create to the observed end, of runs that landed.",
    labels=("lane",),
)
LANDING_DURATION = Metric(
    name="forebay_landing_duration_seconds",
    kind="histogram",
    help="From the observed end to the manifest, of runs that landed.",
    labels=("lane",),
)
LANDED_BYTES = Metric(
    name="forebay_landed_bytes_total", kind="counter", help="Bytes of landed objects, as stored.", labels=("lane",)
)
LANDED_RECORDS = Metric(
    name="forebay_landed_records_total", kind="counter", help="Records of landed objects.", labels=("lane",)
)
REPAIRS = Metric(
    name="forebay_audit_repairs_total",
    kind="counter",
    help="What audits of the slots had to put right; anything but 0 is a fault of ours.",
    labels=("lane", "kind"),
)
CLAIMS_LOST = Metric(
    name="forebay_claims_lost_total",
    kind="counter",
    help="Claims that no worker began, so that the run was due again.",
    labels=("lane",),
)

# Extracts and results, by the ledger.
LAST_LANDED = Metric(
    name="forebay_extract_last_landed_timestamp_seconds",
    kind="gauge",
    help="End of the newest window that has landed: data time.",
    labels=("extract",),
)
PROMISED = Metric(
    name="forebay_extract_promised_timestamp_seconds",
    kind="gauge",
    help="End of the newest window that should have landed by now, by the extract's late_after.",
    labels=("extract",),
)
LAST_SUCCESS = Metric(
    name="forebay_extract_last_success_timestamp_seconds",
    kind="gauge",
    help="When the newest window that has landed was closed.",
    labels=("extract",),
)
WINDOWS = Metric(
    name="forebay_extract_windows",
    kind="gauge",
    help="The newest windows that are over, at most 31, by how they stand.",
    labels=("extract", "state"),
)
UNSUBMITTED = Metric(
    name="forebay_extract_unsubmitted_windows",
    kind="gauge",
    help="Windows that beat should have submitted by now, none of the extract's being under way; 0 where it is paused.",
    labels=("extract",),
)
COVERAGE = Metric(
    name="forebay_extract_coverage_ratio",
    kind="gauge",
    help="Accounts landed of those expected, in the newest window that was closed.",
    labels=("extract",),
)
CHECKS_FAILED = Metric(
    name="forebay_extract_checks_failed",
    kind="gauge",
    help="Checks that failed in the newest window that was closed.",
    labels=("extract",),
)
EXTRACT_PAUSED = Metric(
    name="forebay_extract_paused", kind="gauge", help="1 while a person has paused the extract.", labels=("extract",)
)
EXPIRING = Metric(
    name="forebay_results_expiring",
    kind="gauge",
    help="Results that did not land, and that Stripe keeps for less than 30 more days.",
    labels=("connection",),
)
EXPIRING_OLDEST = Metric(
    name="forebay_results_expiring_oldest_timestamp_seconds",
    kind="gauge",
    help="The day on which the oldest of them was created.",
    labels=("connection",),
)

# The deployment.
WORKERS = Metric(name="forebay_workers_alive", kind="gauge", help="Hosts on which a worker says that it can work.")
STUCK = Metric(name="forebay_workers_stuck", kind="gauge", help="Complaints of workers that live and cannot work.")
BEATS = Metric(name="forebay_beats_alive", kind="gauge", help="Hosts on which a beat is alive.")
PUT_OFF = Metric(
    name="forebay_closings_put_off", kind="gauge", help="Batches that cannot be checked or published for now."
)
UNREADABLE = Metric(
    name="forebay_lanes_unreadable", kind="gauge", help="Lanes of which another release wrote what Redis holds."
)
MEMORY_USED = Metric(name="forebay_redis_memory_used_bytes", kind="gauge", help="Memory that Redis uses.")
MEMORY_MOST = Metric(
    name="forebay_redis_memory_max_bytes", kind="gauge", help="What it may use; absent where nothing bounds it."
)
SOURCE_UP = Metric(
    name="forebay_source_up",
    kind="gauge",
    help="1 if what is read for these metrics answered the last time.",
    labels=("source",),
)
LEDGER_READ = Metric(
    name="forebay_ledger_read_timestamp_seconds",
    kind="gauge",
    help="When the ledger was last read for these metrics.",
)
BUILD = Metric(name="forebay_build_info", kind="gauge", help="Which Forebay exports this.", labels=("version",))

#: All of them, in the order in which they are exported.
METRICS = (
    BUILD,
    SOURCE_UP,
    LEDGER_READ,
    WORKERS,
    STUCK,
    BEATS,
    PUT_OFF,
    UNREADABLE,
    MEMORY_USED,
    MEMORY_MOST,
    SLOTS_HELD,
    SLOTS_LIMIT,
    SLOTS_CAP,
    SLOTS_MARGIN,
    LANE_RUNS,
    OLDEST_WAITING,
    OVERDUE,
    OLDEST_UNLANDED,
    GATE_CLOSED,
    LANE_PAUSED,
    UNRECONCILED,
    GATE_CLOSINGS,
    REQUESTS,
    RUNS,
    FAILURES,
    QUEUE_DURATION,
    QUERY_DURATION,
    LANDING_DURATION,
    LANDED_BYTES,
    LANDED_RECORDS,
    REPAIRS,
    CLAIMS_LOST,
    LAST_LANDED,
    PROMISED,
    LAST_SUCCESS,
    WINDOWS,
    UNSUBMITTED,
    COVERAGE,
    CHECKS_FAILED,
    EXTRACT_PAUSED,
    EXPIRING,
    EXPIRING_OLDEST,
)
