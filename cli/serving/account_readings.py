"""Reads how accounts stand across extracts: in the windows that came to an end, by the coverage of their closings."""

from datetime import datetime

from forebay.cli.deployment import Deployment
from forebay.cli.serving.extract_readings import FEW_WINDOWS, ExtractReadings
from forebay.config.errors import ConfigError
from forebay.scheduler.definitions.accounts import resolve_accounts
from forebay.scheduler.errors import InputError
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.outcomes import Closing
from forebay.web.api.readings import Facts
from forebay.web.errors import NothingThere

#: How an account stands that nobody has to look at; where no window has ended, nobody knows.
_CAME = ("landed", "empty", "unknown")


class AccountReadings:
    """The accounts that the extracts of a spec ask."""

    def __init__(self, deployment: Deployment, extracts: ExtractReadings) -> None:
        self._deployment = deployment
        self._extracts = extracts

    def all(self) -> list[Facts]:
        """Says of each account how it stands in the newest window of each extract that came to an end.

        Those of which something did not come stand first.
        """
        asked = {name: self._asked(name) for name in self._extracts.names}
        newest = {}
        for name in asked:
            closings = self._extracts.closings(self._extracts.standing(name, FEW_WINDOWS))
            newest[name] = closings[0][1] if closings else None
        accounts = sorted({account for accounts in asked.values() for account in accounts})
        rows: list[Facts] = [
            {
                "account": account,
                "extracts": [
                    {"extract": name, "state": how_it_stands(account, newest[name])}
                    for name, accounts in asked.items()
                    if account in accounts
                ],
            }
            for account in accounts
        ]
        return sorted(rows, key=lambda row: all(each["state"] in _CAME for each in row["extracts"]))

    def one(self, account: str, windows: int) -> Facts:
        """Shows how it stood in each window, and since when it is missing or refused. Raises `NothingThere`."""
        found = []
        for name in self._extracts.names:
            if account in self._asked(name):
                closings = self._extracts.closings(self._extracts.standing(name, windows))
                stood = [
                    {
                        "start": status.window.start.isoformat(),
                        "end": status.window.end.isoformat(),
                        "batch": status.batch,
                        "state": how_it_stands(account, closing),
                    }
                    for status, closing in closings
                ]
                found.append({"extract": name, "windows": stood, **_since(account, [each for _, each in closings])})
        if not found:
            raise NothingThere(f"no extract of the spec asks account {account!r}")
        return {"account": account, "extracts": found}

    def _asked(self, extract: str) -> tuple[str, ...]:
        """Lists whom an extract asks; nobody where that cannot be said, which `validate` tells."""
        written = self._deployment.config.written
        group = written.spec.extracts[extract].accounts if written else None
        try:
            return resolve_accounts(written, group) if written and group else ()
        except (ConfigError, InputError):
            return ()


def how_it_stands(account: str, closing: Closing | None) -> str:
    """Says in a word what became of an account: landed, empty, refused, missing, or unknown without a closing."""
    if closing is None:
        return "unknown"
    if account not in closing.coverage.missing:
        return "empty" if account in closing.coverage.empty else "landed"
    return "refused" if _is_refused(account, closing) else "missing"


def _is_refused(account: str, closing: Closing) -> bool:
    """Tells whether Stripe let nobody in; groups name 20 of their accounts at most."""
    return any(group.error_class is FailureClass.AUTH and account in group.accounts for group in closing.failures)


def _since(account: str, closings: list[Closing]) -> Facts:
    """Finds since when, of these windows, it did not land: the moment at which the first of them ended."""
    since: datetime | None = None
    refused: datetime | None = None
    for closing in closings:
        state = how_it_stands(account, closing)
        if state in ("landed", "empty"):
            break
        since = closing.at
        refused = closing.at if state == "refused" else refused
    return {
        "missing_since": since.isoformat() if since else None,
        "refused_since": refused.isoformat() if refused else None,
    }
