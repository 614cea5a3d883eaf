"""The spec as a whole: its sections, and what must hold between them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from config.spec.accounts import AccountsSpec
from config.spec.connections import ConnectionSpec
from config.spec.definitions import BatchSpec, Class, ExtractSpec, Name, NotifySpec
from config.spec.strict import Strict, did_you_mean


class DefaultsSpec(Strict):
    output: str | None = None
    connection: str | None = None
    # How batches are served beside others, where the command does not say.
    flow_class: Annotated[Class, Field(alias="class")] = "scheduled"
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    ceiling: Annotated[int, Field(ge=0)] = 0
    notify: NotifySpec | None = None
    #: What a run costs, for `plan`; Stripe's pages name no price yet.
    price_per_run: Annotated[float, Field(ge=0)] | None = None


class Spec(Strict):
    version: Literal[1]
    connections: Annotated[dict[str, ConnectionSpec], Field(min_length=1)]
    accounts: dict[Name, AccountsSpec] = {}
    defaults: DefaultsSpec = DefaultsSpec()
    extracts: dict[Name, ExtractSpec] = {}
    batches: dict[Name, BatchSpec] = {}

    @model_validator(mode="after")
    def _default_exists(self) -> Self:
        name = self.defaults.connection
        if name is not None and name not in self.connections:
            raise PydanticCustomError(
                "unknown_connection",
                "defaults.connection: there is no connection '{name}'{hint}",
                {"name": name, "hint": did_you_mean(name, list(self.connections))},
            )
        return self
