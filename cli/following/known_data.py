"""Says up to where the data of an extract are known to be, by all that was told. Asks nobody."""

from datetime import UTC, datetime

from forebay.cli.deployment import Deployment
from forebay.scheduler.extracts.data_told import DataSources, DataTold
from forebay.scheduler.extracts.ready import Ready, answers_place


def known_data(deployment: Deployment, extract: str) -> datetime | None:
    """Reads it from the ledger and Redis; None where nobody has told yet."""
    answers = answers_place(deployment.settings.ledger)
    sources = DataSources(
        config=deployment.config,
        ready=Ready(deployment.ledger, deployment.submitter, deployment.store(answers), answers),
        times=deployment.data_times,
        seen=deployment.runtime.seen_data,
    )
    return DataTold(sources, extract, datetime.now(UTC)).until()
