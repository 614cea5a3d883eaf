"""Answers what is asked of the API itself: keys, contexts, generations, events, headers. Each function is one."""

from forebay.cli.recording.answers import Answer, change, right, still_open
from forebay.cli.recording.observations import Observations, SeenRun
from forebay.config.stripe import Api


def unasked(seen: Observations, shown_by: str = "the same command, once what stopped it is mended") -> Answer:
    """Answers what was not come to."""
    return still_open(seen.stopped or "Stripe gave no answer that tells", shown_by)


def unread(seen: Observations, run: SeenRun | None) -> Answer:
    """Answers what the result of this run would have told."""
    if run is None or not (run.file_trouble or (run.file and run.file.is_encoded)):
        return unasked(seen)
    if run.file is not None and run.file.is_encoded:
        return still_open("the file came compressed on the way, and is not read so", "nothing: tell us")
    shown_by = "the same command, once `forebay doctor` reaches its host"
    return still_open(f"the file was not read: {run.file_trouble}", shown_by)


def idempotency(seen: Observations) -> Answer:
    """Says whether the create once more made a second run."""
    if seen.replayed is None or seen.replayed_same is None:
        if seen.replayed is not None:
            return still_open(f"the same create under its key was answered {seen.replayed}", "Stripe's support")
        return unasked(seen)
    if seen.replayed_same:
        return right("the same create under its key gave the same QueryRun")
    return change(
        "the same create under its key made a second QueryRun",
        "no setting mends it: a create whose answer is lost may run twice. Leave a `lane.margin` for it, and tell us",
    )


def other_body(seen: Observations) -> Answer:
    """Says what a known key with another body met."""
    if seen.other_body is None:
        return unasked(seen)
    if seen.other_body_same is None:
        expected = seen.other_body.status in (400, 409)
        saw = f"refused ({seen.other_body})"
        return right(saw) if expected else change(saw, "tell us: it is taken for something else")
    made = "the QueryRun of the first body" if seen.other_body_same else "a QueryRun of its own"
    if seen.replayed_same is False:
        return right(f"{made}, since the key is not heeded", "nothing follows beside what follows from that")
    return right(made, "our default is right: a key of ours never has another body")


def context(seen: Observations) -> Answer:
    """Compares what the key met with Stripe-Context and without."""
    given, without = seen.with_context, seen.without_context
    if given is None or without is None:
        return still_open("no account was named", "the same command with --account acct_…")
    if given.is_taken and without.is_taken:
        return right("not needed: the key is taken with it and without", "`context` may be left out")
    if given.is_taken:
        return change(
            f"needed: refused without ({without})", "`context` of the connection, or FOREBAY_CONTEXT, names the account"
        )
    if without.is_taken:
        return change(f"refused with it ({given}), taken without", "take `context` and --account away")
    return still_open(f"refused with it ({given}) and without ({without})", "`forebay doctor` says why")


def other_api(seen: Observations) -> Answer:
    """Says whether the generation that the connection does not speak would answer."""
    name = seen.unspoken
    if seen.other_api is None:
        return unasked(seen)
    if not seen.other_api.is_taken:
        return right(f"{name} does not ({seen.other_api})", f"`api: {seen.api}` is what this key can use")
    if name is Api.DATA:
        return right("data does", "`api: data` may be set: it tells counts of rows, columns and how fresh data are")
    return right("reporting does", "`api: data` is right, and may stay")


def events(seen: Observations) -> Answer:
    """Says whether the end of a run was listed, and how late."""
    found = seen.events
    if found is None:
        return unasked(seen)
    if found.refusal is not None:
        return change(
            f"the list of events is refused ({found.refusal})",
            "give the key the permission to read events, or set `webhook_secrets`; until then looks find ends",
        )
    if not found.types:
        return change(
            f"no end was listed within {found.waited_s:.0f} s of it",
            "an event destination with `webhook_secrets`, or `forebay listen`; until then looks find ends",
        )
    late = "" if found.delay_s is None else f", {found.delay_s:.1f} s after it was dated"
    saw = f"listed as {', '.join(found.types)}{late}"
    return right(saw, "the list is used by itself; whether a destination is needed shows an account without one")


def limit_headers(seen: Observations) -> Answer:
    """Names headers that tell of limits."""
    looks = (seen.other_api, seen.tables, seen.refused_by_limit)
    replies = [run.create for run in seen.runs] + [each for each in looks if each]
    if not replies:
        return unasked(seen)
    named = {header for reply in replies for header in reply.headers}
    telling = sorted(each for each in named if "ratelimit" in each.replace("-", "") or each == "retry-after")
    if seen.refused_by_limit is not None:
        return right(f"a 429 came by itself ({seen.refused_by_limit}), with {', '.join(telling) or 'none'}")
    if telling:
        return right(f"{', '.join(telling)}", "no setting goes by them: `budgets` do")
    return right("none on replies that are well; those of a 429 cannot be provoked politely")


def long_sql(seen: Observations) -> Answer:
    """Says whether the longest text that we let through ran."""
    run = seen.long_sql
    if run is None:
        return unasked(seen)
    if run.create.is_success and run.has_result:
        return right(f"{seen.long_sql_bytes:,} bytes were accepted, and run", "FOREBAY_MAX_SQL_BYTES is right")
    how = f"refused ({run.create})" if not run.create.is_success else f"{run.ended_as} ({run.code})"
    return change(
        f"{seen.long_sql_bytes:,} bytes were {how}",
        "FOREBAY_MAX_SQL_BYTES should be less: halve it and record again, until it is accepted",
    )


def account_column(seen: Observations) -> Answer:
    """Names the column that an organization's rows have more."""
    if seen.organization is None:
        return still_open("the key was not asked about an organization", "an organization's key, without --account")
    if seen.account_column is None:
        return unread(seen, seen.organization)
    if not seen.account_column:
        return change("neither account nor merchant_id is a column", "`by_account.column`: name what `charges` has")
    return right(seen.account_column, f"`by_account.column: {seen.account_column}`")
