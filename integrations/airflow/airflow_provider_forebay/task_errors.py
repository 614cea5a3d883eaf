"""Says of what the client raised whether another try of the task may help, which is all that Airflow asks of an error.

AirflowException       the wait was too short, a service was away, runs failed that may land when they are taken up
AirflowFailException   the SQL is wrong or too slow, a check failed, a budget, a key, a spec, a person's `cancel`
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from forebay_client import BatchFailed, ForebayError, ServiceFault, StillRunning

#: Classes of failures that the same SQL very likely meets again, so that asking again only spends QueryRuns.
HOPELESS = frozenset({"sql", "request", "too_big", "too_long"})


@contextmanager
def told_to_airflow() -> Iterator[None]:
    """Raises what the client raises as one of Airflow's two."""
    try:
        yield
    except ForebayError as error:
        kind = AirflowException if another_try_may_help(error) else AirflowFailException
        raise kind(str(error)) from error


def another_try_may_help(error: ForebayError) -> bool:
    """Tells whether the same task may end otherwise if it is tried again."""
    if isinstance(error, BatchFailed):
        canceled = error.batch is not None and error.batch.state == "canceled"
        return not canceled and not {each.error_class for each in error.failures} <= HOPELESS
    return error.may_try_again or isinstance(error, StillRunning | ServiceFault)
