"""Groups a batch's failures by cause, for the API: of a closed one as its closing did, of others those that stand."""

from itertools import islice

from forebay.cli.deployment import Deployment
from forebay.cli.following.batch_list import standing_of
from forebay.cli.output import remedies
from forebay.cli.output.summary import MOST_READ, failures
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.closing.grouping import grouped
from forebay.web.api.readings import Facts


def failure_groups(deployment: Deployment, batch_id: str) -> Facts:
    """Groups them; `counted` are those that were read, of which each is an object in the ledger."""
    batch = find_batch(deployment.ledger, batch_id)
    standing = standing_of(deployment, batch)
    groups = (
        standing.closing.failures
        if standing.closing
        else grouped(islice(failures(batch, deployment.ledger), MOST_READ))
    )
    return {
        "batch": batch.id,
        "failed": (standing.closing or standing.progress).failed,
        "counted": sum(group.count for group in groups),
        "failures": [group.model_dump(mode="json") for group in groups],
        "next": [*remedies.lines(batch, (group.error_class for group in groups))],
    }
