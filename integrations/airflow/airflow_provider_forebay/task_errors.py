"""Says of what the client raised whether another try of the task may help, which is all that Airflow asks of an error.

AirflowException       the wait was too short, a service was away, runs failed that may land when they are taken up
AirflowFailException   the SQL is wrong or too slow, a check failed, a budget, a key, a spec, a person's `cancel`
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from forebay_client import ForebayError


@contextmanager
def told_to_airflow() -> Iterator[None]:
    """Raises what the client raises as one of Airflow's two."""
    try:
        yield
    except ForebayError as error:
        kind = AirflowException if error.another_try_may_help else AirflowFailException
        raise kind(str(error)) from error
