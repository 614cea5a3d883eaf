"""Writes sizes and times for people, wherever they read them: on a terminal, on the page. Pure functions."""


def size(count: int) -> str:
    """Writes bytes with a decimal unit, as Stripe's own limits are given."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.5:
            return f"{amount:.1f} {unit}" if amount < 100 else f"{amount:.0f} {unit}"
    return f"{amount / 1000:,.1f} TB"


def duration(seconds: float) -> str:
    """Writes `7 s`, `3:20 min`, `1:02:05 h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d} h"


def age(seconds: float) -> str:
    """Writes `35 s`, `12 min`, `5 h`, `3 days`: how long ago something was, at a glance."""
    if seconds < 60:
        return f"{max(0, int(seconds))} s"
    for unit, length_s, most in (("min", 60, 60), ("h", 3600, 48)):
        if seconds < most * length_s:
            return f"{int(seconds // length_s)} {unit}"
    return f"{int(seconds // 86_400):,} days"
