"""Pretends what is done by the page to a deployment that is pretended, and a backfill that goes on."""

from forebay.web.acts.act import ActKind, Doer, Outlook, WantedAct
from forebay.web.api.readings import Facts
from tests.browser.pretended import BATCH
from tests.web.page_served import Kept


class Acting(Kept):
    """Acts of it: each says what it comes to, and two were done."""

    def __init__(self) -> None:
        super().__init__()
        doer = Doer(name="ana@example.com", known_by="proxy", why="the view is mended")
        self.done.append((WantedAct(kind=ActKind.RETRY, target=BATCH, asked={"cause": "sql"}), doer))
        self.done.append((WantedAct(kind=ActKind.BACKFILL_EXTRACT, target="fees", asked={"from": "2026-11-16"}), doer))

    def outlook(self, act: WantedAct) -> Outlook:
        if act.kind is ActKind.LIMIT_LANE:
            return Outlook(
                title=f"Limits of lane {act.target}", sentences=("cap: 500 now", "margin: 0 now"), nothing=True
            )
        return Outlook(
            title=f"{act.kind.replace('-', ' ').capitalize()}: 14 runs of {act.target}",
            runs=14,
            sentences=("Each is asked again, as a new attempt at most.", "That costs about 3.50 EUR."),
        )


def backfill(filled: int = 1, came: str | None = None) -> Facts:
    """A deed that goes on, unless something `came` of it."""
    states = ["landed"] * filled + ["running", "waiting"][: 3 - filled]
    stood = [
        {"label": f"2026-11-{18 - at}", "state": state, "batch": f"fees.{at}" if state != "waiting" else None}
        for at, state in enumerate(states)
    ]
    counts = {"left": states.count("waiting"), "running": states.count("running"), "filled": filled, "failed": 0}
    return {
        "came": came,
        "done": came is not None,
        "going_on": came is None,
        "windows": {**counts, "newest": stood},
    }
