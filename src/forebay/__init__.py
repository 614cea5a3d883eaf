"""Forebay: a distributed job queue with a concurrency governor for Stripe's Query Run API.

    import forebay

    with forebay.Client() as client:
        client.submit({"charges": "SELECT id, amount FROM charges"}).wait()

Only what this module names is public; everything below it may change with any release. Nothing is loaded before it is
used.
"""

from typing import TYPE_CHECKING, Any

from forebay.config.release_number import __version__

if TYPE_CHECKING:
    from forebay.cli.serving.own_clients import AsyncOwnClient as AsyncClient
    from forebay.cli.serving.own_clients import OwnClient as Client
    from forebay_client import (
        AccountCoverage,
        AsyncBatchHandle,
        AuthRefused,
        BatchFailed,
        BatchHandle,
        BatchLine,
        BatchStatus,
        ChecksFailed,
        CostLine,
        Costs,
        DataCheck,
        Deed,
        ExtractState,
        FailureCause,
        ForebayError,
        InputRefused,
        KeyTaken,
        LandedResult,
        LaneState,
        NotFound,
        Outlook,
        Queries,
        Query,
        RunFailure,
        RunStatus,
        SafetyStop,
        ServiceFault,
        SignedLink,
        StillRunning,
        Terms,
        Unreachable,
        WindowCadence,
        WindowState,
        queries,
    )

__all__ = [
    "AccountCoverage", "AsyncBatchHandle", "AsyncClient", "AuthRefused", "BatchFailed", "BatchHandle", "BatchLine",
    "BatchStatus", "ChecksFailed", "Client", "CostLine", "Costs", "DataCheck", "Deed", "ExtractState", "FailureCause",
    "ForebayError", "InputRefused", "KeyTaken", "LandedResult", "LaneState", "NotFound", "Outlook", "Queries", "Query",
    "RunFailure", "RunStatus", "SafetyStop", "ServiceFault", "SignedLink", "StillRunning", "Terms", "Unreachable",
    "WindowCadence", "WindowState", "__version__", "queries",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Loads what is used: the commands and the workers use nothing of it."""
    if name not in __all__:
        raise AttributeError(f"module 'forebay' has no attribute {name!r}")
    if name == "Client":
        from forebay.cli.serving.own_clients import OwnClient

        return OwnClient
    if name == "AsyncClient":
        from forebay.cli.serving.own_clients import AsyncOwnClient

        return AsyncOwnClient
    import forebay_client

    return getattr(forebay_client, name)


def __dir__() -> list[str]:
    """Lists what is public."""
    return __all__
