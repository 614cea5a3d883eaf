"""Does for programs what `forebay submit` does, by the same functions, and signs links to results.

What a command tells its user beside its result stands in the answer. The spec is read anew with each batch, as each
command does.
"""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from forebay.cli.deployment import Deployment
from forebay.cli.options import BatchOptions, DefinitionOptions, StandingOptions
from forebay.cli.output import words
from forebay.cli.serving.manifest_readings import LandedResult, ManifestReadings
from forebay.cli.serving.places_of_results import refuse_elsewhere
from forebay.cli.serving.run_readings import run_at
from forebay.cli.serving.working_on import begun
from forebay.cli.submitting.accept import accept
from forebay.cli.submitting.request import Request, queries_request
from forebay.config.connections import Config
from forebay.config.document.web_access import Role
from forebay.config.load import load_config
from forebay.config.near_miss import did_you_mean
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass
from forebay.scheduler.batches import queries
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.errors import NotOpened
from forebay.store.errors import NotFound
from forebay.web.access.identity import Identity
from forebay.web.api.readings import Facts
from forebay.web.api.work import WantedBatch
from forebay.web.errors import NothingThere


class DeploymentWork:
    """What can be begun in a deployment. Raises what the commands raise."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._manifests = ManifestReadings(deployment)

    def submit(self, wanted: WantedBatch, who: Identity) -> Facts:
        """Accepts a batch, and has somebody work on it.

        What is in the ledger is told as accepted, whatever fails then: who heard of an error would submit it once more.
        """
        request = self._request(wanted, who)
        told: list[str] = []
        existed = self._exists(request)
        try:
            batch = accept(self._deployment, request, lambda *lines: told.extend(lines))
        except NotOpened as error:  # whoever tends opens it
            batch = self._deployment.ledger.batch(error.batch_id)
            told.append(str(error))
        if trouble := begun(self._deployment.start_work):
            told.append(trouble)
        return {
            "batch": batch.id,
            "created": not existed,
            "runs": batch.size,
            "output": batch.output,
            "lanes": [flow.lane for flow in batch.flows],
            "warnings": told,
        }

    def links(self, batch_id: str, lane: str, index: int, for_s: int) -> Facts:
        """Signs links to what a run landed as. Raises `NothingThere` where it has not, and `NotSigned`."""
        batch = find_batch(self._deployment.ledger, batch_id)
        _, row = run_at(self._deployment, batch, lane, index)
        found = self._manifests.of_run(batch, row)
        if not found:
            raise NothingThere(f"run {index} on lane {lane!r} of batch {batch.id} has no result")
        until = datetime.now(UTC) + timedelta(seconds=for_s)
        store = self._deployment.store(batch.output)
        return {
            "links": [self._link(each, store.url_of(each.key), store.signed_url(each.key, for_s)) for each in found],
            "expires_at": until.isoformat(timespec="seconds"),
        }

    @staticmethod
    def _link(landed: LandedResult, where: str, signed: SecretStr) -> Facts:
        manifest = landed.manifest
        return {
            "name": manifest.name,
            "account": manifest.account,
            "object": where,
            "url": signed.get_secret_value(),
            "format": manifest.object.format,
            "bytes": manifest.object.bytes,
            "sha256": manifest.object.sha256,
            "records": manifest.csv.records,
        }

    def _request(self, wanted: WantedBatch, who: Identity) -> Request:
        settings = self._deployment.settings
        config = load_config(settings)
        if wanted.to is not None:
            refuse_elsewhere(config, wanted.to, anywhere=who.role is Role.ADMIN, name=who.name)
        options = _options(wanted)
        if wanted.definition:
            from forebay.cli.submitting.definition_request import definition_request  # all that definitions are made of

            _check_definition(config, wanted.definition)
            return definition_request(settings, config, wanted.definition, options)
        rows = queries.of_rows(wanted.queries, account=wanted.account, most_sql_bytes=settings.max_sql_bytes)
        source = f"{words.counted(len(wanted.queries), 'query', 'queries')} by the API, of {who.name}"
        return queries_request(settings, config, rows, options, source=source, origin=None)

    def _exists(self, request: Request) -> bool:
        try:
            return bool(request.once and self._deployment.ledger.batch(request.once))
        except NotFound:
            return False


def _check_definition(config: Config, name: str) -> None:
    """Raises `NothingThere` for a name that the spec does not have."""
    spec = config.written.spec if config.written else None
    known = [*spec.batches, *spec.extracts] if spec else []
    if name not in known:
        raise NothingThere(f"the spec has no batch or extract {name!r}{did_you_mean(name, known)}")


def _options(wanted: WantedBatch) -> BatchOptions:
    """Says it as a command line does."""
    return BatchOptions(
        queries=[wanted.definition] if wanted.definition else [],
        to=wanted.to,
        result_format=ResultFormat(wanted.result_format) if wanted.result_format else None,
        account=wanted.account,
        connection=wanted.connection,
        key=wanted.key,
        standing=StandingOptions(
            flow_class=FlowClass(wanted.flow_class) if wanted.flow_class else None,
            weight=wanted.weight,
            ceiling=wanted.ceiling,
        ),
        definition=DefinitionOptions(
            window=wanted.window,
            param=[f"{name}={value}" for name, value in wanted.params.items()],
            fresh=wanted.fresh,
            again=wanted.again,
        ),
    )
