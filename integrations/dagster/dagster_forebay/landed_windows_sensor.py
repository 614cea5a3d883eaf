"""Makes a sensor that reports windows which Forebay landed by its own schedule as materializations of their assets.

Its cursor has the newest windows of each extract that it knows of, and when each ended: what is there anew, or ended
anew, is reported once. What a run of Dagster landed and reported is not reported a second time.
"""

# Dagster reads the annotation of a context as a type: no annotation here is put off by `from __future__`.

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from dagster_forebay.asset_checks import check_results_of
from dagster_forebay.extract_assets import Translation, asset_spec_of
from dagster_forebay.extract_description import ExtractDescription
from dagster_forebay.forebay_resource import ForebayResource
from dagster_forebay.result_metadata import BATCH, DATA_VERSION_TAG, SHA256, metadata_of, sha256_of
from dagster_forebay.window_landing import EndedWindow
from dagster_forebay.window_partitions import key_of
from forebay_client import Client, NotFound, WindowState

#: So many of the newest windows of each extract are looked at.
NEWEST_WINDOWS = 60
#: So many are read at a time: a sensor has a minute, and the others come with its next look.
REPORTED_AT_ONCE = 25
_EVERY_S = 60

#: Of each extract: batches that were reported, and when each ended.
Known = dict[str, dict[str, str]]


def build_landed_windows_sensor(
    forebay: ForebayResource,
    extracts: Iterable[ExtractDescription],
    *,
    name: str = "forebay_landed_windows",
    translation: Translation | None = None,
    minimum_interval_seconds: int = _EVERY_S,
) -> dg.SensorDefinition:
    """Makes the sensor, for extracts whose assets were made with the same `translation`. It is stopped at first."""
    followed = [_Followed.of(extract, asset_spec_of(extract, translation)) for extract in extracts]

    @dg.sensor(
        name=name,
        minimum_interval_seconds=minimum_interval_seconds,
        description="Reports windows that Forebay landed by its own schedule as materializations.",
    )
    def landed_windows(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        deployment: ForebayResource = forebay.process_config_and_initialize()
        known: Known = json.loads(context.cursor) if context.cursor else {}
        events: list[dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.AssetObservation] = []
        left = REPORTED_AT_ONCE
        with deployment.get_client() as client:
            for each in followed:
                look = _Look(client, deployment, context.instance, each)
                try:
                    known[each.extract.name], found, left = look.since(known.get(each.extract.name, {}), left)
                except NotFound as error:
                    # The others go on without an extract that the spec has no more.
                    context.log.warning(str(error))
                    continue
                events += found
        return dg.SensorResult(asset_events=events, cursor=json.dumps(known, separators=(",", ":")))

    return landed_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    extract: ExtractDescription
    key: dg.AssetKey
    partitions: dg.PartitionsDefinition | None

    @classmethod
    def of(cls, extract: ExtractDescription, spec: dg.AssetSpec) -> "_Followed":
        return cls(extract=extract, key=spec.key, partitions=spec.partitions_def)


Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one extract."""

    client: Client
    forebay: ForebayResource
    instance: dg.DagsterInstance
    of: _Followed

    def since(self, known: Mapping[str, str], most: int) -> tuple[dict[str, str], Sequence[Event], int]:
        """Gives what is known now, what is to be reported of it, and how many more windows may be read."""
        windows = self.client.extract(self.of.extract.name, windows=NEWEST_WINDOWS).windows
        ended = {w.batch: w for w in reversed(windows) if w.batch and w.outcome}
        now_known = {batch: known[batch] for batch in ended if batch in known}
        events: list[Event] = []
        for batch, window in ended.items():
            ended_at = str(window.facts.get("ended_at"))
            if known.get(batch) == ended_at:
                continue
            if not most:
                break
            most -= 1
            events += self._events(batch, window)
            now_known[batch] = ended_at
        return now_known, events, most

    def _events(self, batch: str, window: WindowState) -> Iterator[Event]:
        handle = self.client.batch(batch)
        status = handle.status()
        if window.outcome == "landed":
            partition = self._partition(window)
            if partition is None and self.of.partitions is not None:
                return
            ended = EndedWindow(
                partition=partition, start=window.start, end=window.end, status=status, results=tuple(handle.results())
            )
            if self._is_reported(ended):
                return
            yield dg.AssetMaterialization(
                asset_key=self.of.key,
                partition=partition,
                metadata=metadata_of(ended, self.forebay),
                tags={DATA_VERSION_TAG: sha256_of(ended.results)},
            )
        for result in check_results_of(self.of.extract, self.of.key, [status]):
            assert result.check_name  # noqa: S101 - it was put there
            yield dg.AssetCheckEvaluation(
                asset_key=self.of.key,
                check_name=result.check_name,
                passed=result.passed,
                metadata=result.metadata,
                description=result.description,
            )

    def _partition(self, window: WindowState) -> str | None:
        if not isinstance(self.of.partitions, dg.TimeWindowPartitionsDefinition):
            return None
        return key_of(self.of.partitions, window.start, window.end)

    def _is_reported(self, window: EndedWindow) -> bool:
        """Tells whether the newest materialization of this partition is of this very result."""
        wanted = dg.AssetRecordsFilter(
            asset_key=self.of.key, asset_partitions=[window.partition] if window.partition else None
        )
        for record in self.instance.fetch_materializations(wanted, limit=1).records:
            if (materialization := record.asset_materialization) is None:
                continue
            told = {name: materialization.metadata.get(name) for name in (BATCH, SHA256)}
            return {name: value and value.value for name, value in told.items()} == {
                BATCH: window.status.id,
                SHA256: sha256_of(window.results),
            }
        return False
