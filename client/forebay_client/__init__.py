"""Is the client of Forebay, a job queue for Stripe's Query Run API: it submits, waits, and reads what landed.

Only what this module names is public.
"""

from forebay_client.asked_queries import Queries, Query, queries
from forebay_client.asking import Terms
from forebay_client.async_client import AsyncBatchHandle, AsyncClient
from forebay_client.batch_results import (
    AccountCoverage,
    BatchLine,
    BatchStatus,
    DataCheck,
    FailureCause,
    LandedResult,
    RunFailure,
    RunStatus,
    SignedLink,
)
from forebay_client.deployment_results import (
    CostLine,
    Costs,
    Deed,
    ExtractState,
    LaneState,
    Outlook,
    WindowCadence,
    WindowState,
)
from forebay_client.errors import (
    AuthRefused,
    BatchFailed,
    ChecksFailed,
    ForebayError,
    InputRefused,
    KeyTaken,
    NotFound,
    SafetyStop,
    ServiceFault,
    StillRunning,
    Unreachable,
)
from forebay_client.sync_client import BatchHandle, Client

__all__ = [
    "AccountCoverage", "AsyncBatchHandle", "AsyncClient", "AuthRefused", "BatchFailed", "BatchHandle", "BatchLine",
    "BatchStatus", "ChecksFailed", "Client", "CostLine", "Costs", "DataCheck", "Deed", "ExtractState", "FailureCause",
    "ForebayError", "InputRefused", "KeyTaken", "LandedResult", "LaneState", "NotFound", "Outlook", "Queries", "Query",
    "RunFailure", "RunStatus", "SafetyStop", "ServiceFault", "SignedLink", "StillRunning", "Terms", "Unreachable",
    "WindowCadence", "WindowState", "queries",
]  # fmt: skip
__version__ = "0.1.0"
