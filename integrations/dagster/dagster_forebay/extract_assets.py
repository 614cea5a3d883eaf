"""Makes each extract of a spec an asset: its windows are partitions, and to materialize one has it landed."""

# Dagster reads the annotation of a context as a type: no annotation here is put off by `from __future__`.

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_forebay.asset_checks import check_results_of, check_specs_of
from dagster_forebay.extract_description import ExtractDescription
from dagster_forebay.forebay_resource import ForebayResource
from dagster_forebay.freshness_promise import freshness_of
from dagster_forebay.result_metadata import DATA_VERSION_TAG, metadata_of, sha256_of
from dagster_forebay.step_failures import failure_of
from dagster_forebay.window_landing import EndedWindow, WantedWindow, WindowLanding
from dagster_forebay.window_partitions import partitions_of, window_of
from forebay_client import ForebayError

#: How Dagster marks a run that it began by itself since another one failed.
_RETRIED_RUN = "dagster/retry_number"


class LandingConfig(dg.Config):
    """What may be said of one run of an extract's asset, in the launchpad for one."""

    again: bool = Field(
        default=False,
        description="Ask windows anew that have landed or were given up, as batches of their own. It costs runs.",
    )


Translation = Callable[[dg.AssetSpec, ExtractDescription], dg.AssetSpec]
#: A service that was away is back by then, mostly; what was accepted is not lost meanwhile.
DEFAULT_RETRIES = dg.RetryPolicy(max_retries=3, delay=60)


def build_extract_assets(
    forebay: ForebayResource,
    extracts: Iterable[ExtractDescription],
    *,
    translation: Translation | None = None,
    timeout_s: float | None = None,
    retry_policy: dg.RetryPolicy | None = DEFAULT_RETRIES,
    backfill_policy: dg.BackfillPolicy | None = None,
) -> list[dg.AssetsDefinition]:
    """Makes an asset of each extract.

    `translation` changes its `AssetSpec` (key, group, owners). A window is waited for as long as it takes, or for so
    many seconds, after which the step fails and the retry policy goes on with the wait. A backfill is one run, unless
    another policy is given: one run hands all windows in, and Forebay fills its slots with them.
    """
    policy = backfill_policy or dg.BackfillPolicy.single_run()
    return [_asset(forebay, each, translation, timeout_s, retry_policy, policy) for each in extracts]


def asset_spec_of(extract: ExtractDescription, translation: Translation | None = None) -> dg.AssetSpec:
    """Describes an extract's asset."""
    partitions = partitions_of(extract)
    cadence = f"every {extract.every} by the clock of {extract.time_zone}"
    if len(extract.every.split()) > 1:
        cadence = f"by `{extract.every}` of {extract.time_zone}"
    spec = dg.AssetSpec(
        key=extract.name,
        description=f"What Stripe's query runs gave, landed by Forebay: a window {cadence}."
        + (
            "" if partitions else " Dagster cannot cut time so: to materialize it lands the newest window that is over."
        ),
        partitions_def=partitions,
        freshness_policy=freshness_of(extract, partitions),
        kinds={"stripe"},
        metadata={"forebay/extract": extract.name, "forebay/every": extract.every, "forebay/zone": extract.time_zone},
    )
    return translation(spec, extract) if translation else spec


def _asset(
    forebay: ForebayResource,
    extract: ExtractDescription,
    translation: Translation | None,
    timeout_s: float | None,
    retry_policy: dg.RetryPolicy | None,
    backfill_policy: dg.BackfillPolicy,
) -> dg.AssetsDefinition:
    spec = asset_spec_of(extract, translation)

    @dg.multi_asset(
        name=f"forebay_{'__'.join(spec.key.path).replace('-', '_')}",
        specs=[spec],
        check_specs=check_specs_of(extract, spec.key),
        retry_policy=retry_policy,
        backfill_policy=backfill_policy if spec.partitions_def else None,
    )
    def land(context: dg.AssetExecutionContext, config: LandingConfig) -> Iterator[Any]:
        deployment: ForebayResource = forebay.process_config_and_initialize()
        wanted = _wanted(context, spec.partitions_def)
        with deployment.get_client() as client:
            landing = WindowLanding(
                client,
                extract.name,
                why=f"run {context.run.run_id} of Dagster",
                timeout_s=timeout_s,
                again=config.again and not _is_retried(context),
            )
            came = [_told(context, each) for each in landing.land(wanted)]
        landed = [each for each in came if isinstance(each, EndedWindow)]
        errors = [each for each in came if isinstance(each, ForebayError)]
        statuses = [*(each.status for each in landed), *(error.batch for error in errors if error.batch)]
        if errors:
            yield from check_results_of(extract, spec.key, statuses)
            for window in landed:
                context.log_event(_materialization(spec.key, window, deployment))
            raise failure_of(errors, deployment) from errors[0]
        yield _result(context, spec.key, landed, deployment)
        yield from check_results_of(extract, spec.key, statuses)

    return land


def _wanted(context: dg.AssetExecutionContext, partitions: dg.PartitionsDefinition | None) -> Sequence[WantedWindow]:
    if partitions is None:
        return [WantedWindow()]
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        raise dg.Failure("the partitions of an extract are its windows, and not others", allow_retries=False)
    return [WantedWindow(partition=key, bounds=window_of(partitions, key)) for key in context.partition_keys]


def _is_retried(context: dg.AssetExecutionContext) -> bool:
    """Tells whether Dagster by itself tries this step or run again, which meets what was asked anew before."""
    return bool(context.retry_number) or _RETRIED_RUN in context.run.tags


def _told(context: dg.AssetExecutionContext, came: EndedWindow | ForebayError) -> EndedWindow | ForebayError:
    if isinstance(came, EndedWindow):
        context.log.info("%s landed: %d rows", came.status.id, came.status.records)
    else:
        context.log.error(str(came))
    return came


def _materialization(key: dg.AssetKey, window: EndedWindow, forebay: ForebayResource) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=key,
        partition=window.partition,
        metadata=metadata_of(window, forebay),
        tags={DATA_VERSION_TAG: sha256_of(window.results)},
    )


def _result(
    context: dg.AssetExecutionContext, key: dg.AssetKey, landed: Sequence[EndedWindow], forebay: ForebayResource
) -> dg.MaterializeResult[Any]:
    """Says what all windows of a step came to; of a range each partition has metadata of its own."""
    if len(landed) == 1:
        (window,) = landed
        version = dg.DataVersion(sha256_of(window.results))
        return dg.MaterializeResult(asset_key=key, metadata=metadata_of(window, forebay), data_version=version)
    for window in landed:
        context.add_asset_metadata(metadata_of(window, forebay), asset_key=key, partition_key=window.partition)
    return dg.MaterializeResult(asset_key=key)
