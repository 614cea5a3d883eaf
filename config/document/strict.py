"""Makes every part of the spec strict: about types, and about unknown keys, which are errors with a near miss.

A spec is written once, by somebody who can see the message, so a quoted "20" is no number.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from forebay.config.near_miss import did_you_mean


class Strict(BaseModel):
    """A part of the spec: unknown keys are errors, with the known key that was probably meant."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, given: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in given if isinstance(given, dict) else ():
            if key not in known:
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown key '{key}'{hint}",
                    {"key": key, "hint": did_you_mean(key, known)},
                )
        return given
