"""The section `connections` of the spec: keys, and how much of their cap and of Stripe's request limits is ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from config.errors import ConfigError
from config.secrets import SecretRef
from config.settings import PerSecond
from config.spec.strict import Strict
from config.stripe import Mode, Scope


def _secret_reference(text: str) -> str:
    try:
        SecretRef.parse(text)
    except ConfigError as exc:
        raise ValueError(str(exc)) from None
    return text


class ReserveSpec(Strict):
    """Slots that lower classes leave free."""

    interactive: Annotated[int, Field(ge=0)] = 0
    scheduled: Annotated[int, Field(ge=0)] = 0


class LaneSpec(Strict):
    """The cap: what it applies to, and how much of it is ours. `cap` None means Stripe's own figure."""

    scope: Annotated[Scope, Field(strict=False)] = Scope.ORGANIZATION
    cap: Annotated[int, Field(ge=1)] | None = None
    margin: Annotated[int, Field(ge=0)] | None = None
    reserve: ReserveSpec = ReserveSpec()


class RequestsSpec(Strict):
    """Requests a second that we allow ourselves; None leaves it to the setting of the same name."""

    creates_per_s: PerSecond | None = None
    retrieves_per_s: PerSecond | None = None
    per_s: PerSecond | None = None


class ConnectionSpec(Strict):
    mode: Annotated[Mode, Field(strict=False)]
    key: Annotated[str, AfterValidator(_secret_reference)]
    api_base: str | None = None
    api_version: str | None = None
    lane: LaneSpec = LaneSpec()
    requests: RequestsSpec = RequestsSpec()
    download_hosts: list[str] | None = None
