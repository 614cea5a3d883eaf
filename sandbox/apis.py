"""Tells the two generations of the API apart: what each calls a query run, and where it has them."""

from enum import StrEnum


class SandboxApi(StrEnum):
    """A generation of the API; a run belongs to the one by which it was created."""

    REPORTING = "reporting"
    DATA = "data"  # its successor

    @property
    def object(self) -> str:
        """Gives the name of its query run, as `object` and events have it."""
        return {SandboxApi.REPORTING: "v2.data.reporting.query_run", SandboxApi.DATA: "v2.data.query_run"}[self]

    @property
    def path(self) -> str:
        """Gives the path under which its query runs are."""
        return f"/{self.object.replace('.', '/')}s"

    def id_prefix(self, *, livemode: bool) -> str:
        """Gives what the id of a query run begins with."""
        return {SandboxApi.REPORTING: "qryrun_", SandboxApi.DATA: "qrun_"}[self] + ("" if livemode else "test_")
