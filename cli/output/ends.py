"""Says how the ends of a lane's runs come to be known: by looks, by the list of events, by webhooks."""

from typing import Any

from forebay.governor.contract import EndPath
from forebay.governor.feed_view import FeedView

_BY = {
    EndPath.LOOKS: "found by looking",
    EndPath.EVENTS: "told by Stripe's list of events",
    EndPath.WEBHOOKS: "told by webhooks",
}


def ends_facts(feed: FeedView) -> dict[str, Any]:
    """Gathers it for `--json`: seconds, and the part of the ends of which no event tells."""
    return {
        "observed_by": feed.path,
        "told": round(feed.told),
        "missing": None if feed.told_share is None else round(1 - feed.told_share, 3),
        "told_after_s": _rounded(feed.delay_s),
        "freed_after_s": {path: _rounded(lag_s) for path, lag_s in feed.lags_s.items()},
        "trouble": feed.trouble or None,
    }


def ends_line(facts: dict[str, Any]) -> str:
    """Says it in a line: how, how late slots are freed by each path, and what stands in the way of better."""
    parts = [_BY[facts["observed_by"]]]
    if facts["told"] and facts["missing"] is not None:
        late = "" if facts["told_after_s"] is None else f", {facts['told_after_s']} s late"
        parts.append(f"{1 - facts['missing']:.0%} told{late}")
    lags = facts["freed_after_s"]
    if lags:
        parts.append("freed after " + ", ".join(f"{lag_s} s ({path})" for path, lag_s in lags.items()))
    if facts["trouble"]:
        parts.append(f"the list of events: {facts['trouble']}")
    return "; ".join(parts)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
