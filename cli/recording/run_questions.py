"""Answers what is asked of runs: their codes, counts, columns, and how fresh their data are. Each function is one."""

from datetime import timedelta

from forebay.cli.recording.answers import Answer, change, right, still_open
from forebay.cli.recording.api_questions import unasked, unread
from forebay.cli.recording.observations import Observations, SeenRun
from forebay.config.result_columns import TEXT, told_type
from forebay.config.stripe import Api

#: So far apart two moments may be that mean the same one: `data_load_time` may be cut to the minute, or come first.
_SAME = timedelta(minutes=5)
#: Data are loaded every few hours; a description is older, or was just made.
_NEAR = timedelta(hours=12)


def wrong_sql(seen: Observations) -> Answer:
    """Says where wrong SQL is told, in each generation."""
    if not seen.wrong_sql:
        return unasked(seen)
    saw = "; ".join(f"{api}: {_refused_or_failed(run)}" for api, run in seen.wrong_sql.items())
    if any(run.ended_as == "succeeded" for run in seen.wrong_sql.values()):
        return change(saw, "tell us: a column that there is not was found")
    failed = [run for run in seen.wrong_sql.values() if run.ended_as == "failed"]
    known = all(run.code == "query_run_invalid_sql" for run in failed)
    if known:
        return right(saw, "our default is right: either fails the run for its SQL")
    return change(saw, "tell us the code: such a run may be tried again by `internal_error`'s rule")


def engine_error(seen: Observations) -> Answer:
    """Names the code of a run that the engine failed."""
    run = seen.engine_error
    if run is None:
        return unasked(seen)
    if run.has_result:
        return still_open("the text that no number can be was read as one", "a run of yours that fails")
    saw = _refused_or_failed(run)
    if run.query_run is None:
        return right(saw, "our default is right: it fails the run")
    if run.code == "internal_error":
        return right(saw, "our default is right: the words decide whether it is tried again")
    return right(saw, "our default is right: a code that is not internal_error is not tried again")


def row_count(seen: Observations) -> Answer:
    """Compares the count that was told with the records that came."""
    run = seen.loaded
    if run is None or seen.counted_rows is None:
        return unread(seen, run)
    if run.rows is None:
        which = "this generation does not tell it" if run.api is Api.REPORTING else "not told"
        return right(which, "our default is right: what is not told proves nothing")
    if run.rows == seen.counted_rows:
        return right(f"told, and right: {run.rows}")
    return change(
        f"{run.rows} was told of {seen.counted_rows} records", "no setting: such results do not land. Tell us"
    )


def inline_values(seen: Observations) -> Answer:
    """Says what a number is that the answer itself shows."""
    run = seen.loaded
    if run is None:
        return unasked(seen)
    follows = "nothing to set: results are read from their file"
    if run.api is Api.REPORTING:
        return right("this generation shows none", follows)
    if seen.inline_number is None:
        return still_open("the answer had no rows", "nothing: results are read from their file")
    return right("text" if seen.inline_number == "str" else "of their column's type", follows)


def column_types(seen: Observations) -> Answer:
    """Names the types that were told, and those that are none of ours."""
    told = {kind for run in seen.runs for _, kind in run.columns}
    if not told:
        return unasked(seen) if seen.loaded is None else right("none is told", "`columns` of a definition says them")
    strange = sorted(kind for kind in told - {"varchar", "decimal"} if told_type(kind) == TEXT)
    saw = ", ".join(sorted(told))
    if strange:
        return change(saw, f"`columns` of a definition: {', '.join(strange)} is stored as text else")
    return right(saw)


def run_refreshed_at(seen: Observations) -> Answer:
    """Compares what a run says of its data with what SQL says of them."""
    run = seen.loaded
    if run is None or seen.data_load_time is None:
        return unread(seen, run)
    if run.refreshed_at is None:
        which = "this generation does not tell it" if run.api is Api.REPORTING else "not told"
        return right(which, "our default is right: manifests do without")
    lag = abs(run.refreshed_at - seen.data_load_time)
    if lag <= _SAME:
        return right("it is data_load_time")
    return change(
        f"it is {_spelled(lag)} from data_load_time",
        "no setting: `when: data_ready` and `cache.until_data_moves` go by it. Tell us",
    )


def tables_refreshed_at(seen: Observations) -> Answer:
    """Compares what the list of tables says with what SQL says of the data."""
    if seen.tables is not None and not seen.tables.is_success:
        return still_open(
            f"the list of tables is refused ({seen.tables})",
            "a key with data_queries_read; `when: data_ready` does without the list unless `tables_tell_data` is true",
        )
    if seen.data_load_time is None or not seen.tables_refreshed:
        return unread(seen, seen.loaded)
    lags = [abs(moment - seen.data_load_time) for moment in seen.tables_refreshed]
    near = sum(lag <= _NEAR for lag in lags)
    saw = f"{near} of {len(lags)} tables within {_spelled(_NEAR)} of data_load_time, the nearest {_spelled(min(lags))}"
    if near * 2 > len(lags):
        return change(
            saw,
            "`tables_tell_data: true`: it seems to be that of the data, and answers `when: data_ready` without a run",
        )
    return right(saw, "our default is right: it is not taken for that of the data")


def _refused_or_failed(run: SeenRun) -> str:
    return f"refused ({run.create})" if run.query_run is None else f"a run that {run.ended_as} ({run.code})"


def _spelled(lag: timedelta) -> str:
    minutes = lag.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
