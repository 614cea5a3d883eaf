"""Is the component of a `defs.yaml`: an asset an extract of the spec that a server has, and a sensor of what landed.

The server is asked when the state is refreshed (`dg utils refresh-defs-state`, or `dg dev` by itself), and not whenever
definitions are loaded: so they load while it is away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import dagster as dg
from dagster.components.component.state_backed_component import StateBackedComponent
from dagster.components.utils.defs_state import DefsStateConfig, DefsStateConfigArgs, ResolvedDefsStateConfig
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver
from pydantic import Field

from dagster_forebay.extract_assets import build_extract_assets
from dagster_forebay.extract_description import (
    ExtractDescription,
    describe_extracts,
    read_descriptions,
    write_descriptions,
)
from dagster_forebay.forebay_resource import ForebayResource
from dagster_forebay.landed_windows_sensor import build_landed_windows_sensor


class ForebayExtractsComponent(StateBackedComponent, dg.Model, dg.Resolvable):
    """Extracts of Forebay as assets: each window of an extract is a partition, landed by Forebay when materialized."""

    url: str = Field(description="Where `forebay web` is", examples=["{{ env.FOREBAY_URL }}"])
    token: str | None = Field(
        default=None, repr=False, description="A token of the role operator", examples=["{{ env.FOREBAY_TOKEN }}"]
    )
    select: list[str] | None = Field(default=None, description="Names of extracts; all of the spec if none are said")
    translation: (
        Annotated[
            TranslationFn[ExtractDescription],
            TranslationFnResolver(template_vars_for_translation_fn=lambda extract: {"extract": extract}),
        ]
        | None
    ) = Field(default=None, description="Changes the spec of each asset: key, group_name, owners, …")
    timeout_s: float | None = Field(default=None, description="Seconds that a step waits for each window")
    sensor_name: str = Field(default="forebay_landed_windows", description="What the sensor is called")
    defs_state: ResolvedDefsStateConfig = DefsStateConfigArgs.local_filesystem()

    @property
    def forebay(self) -> ForebayResource:
        """Gives the deployment. It is no resource of the definitions, so that no page of Dagster shows the token."""
        return ForebayResource(url=self.url, token=self.token)

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """Says where the state is kept."""
        return DefsStateConfig.from_args(self.defs_state, default_key=f"{type(self).__name__}[{self.url}]")

    def write_state_to_path(self, state_path: Path) -> None:
        """Asks the server for its extracts, and keeps what it says."""
        state_path.write_text(write_descriptions(describe_extracts(self.forebay, self.select)), encoding="utf-8")

    def build_defs_from_state(
        self,
        context: dg.ComponentLoadContext,
        state_path: Path | None,
    ) -> dg.Definitions:
        """Makes assets, checks and the sensor of what was kept; nothing before the server was asked."""
        if state_path is None:
            return dg.Definitions()
        extracts = read_descriptions(state_path.read_text(encoding="utf-8"))
        assets = build_extract_assets(self.forebay, extracts, translation=self.translation, timeout_s=self.timeout_s)
        sensor = build_landed_windows_sensor(
            self.forebay, extracts, name=self.sensor_name, translation=self.translation
        )
        return dg.Definitions(assets=assets, sensors=[sensor])
