"""What is told of a batch: when it has ended, and when it stands still until a person decides."""

import dataclasses

import pytest

from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.records import Batch
from tests.cli.output.test_display import BATCH, SNAPSHOT

OF_SPEC = dataclasses.replace(BATCH, policy=Policy(definition="fees", kind="batch", spec_sha256="0"))
PARTS = dataclasses.replace(
    BATCH, policy=Policy(definition="fees", kind="batch", spec_sha256="0", part_of="b1/default:test/0")
)


@pytest.mark.parametrize(("batch", "ended"), [(BATCH, True), (OF_SPEC, False), (PARTS, True)])
def test_a_batch_waits_for_its_closing_and_for_none_that_it_never_has(batch: Batch, ended: bool) -> None:
    progress = dataclasses.replace(SNAPSHOT.progress, done=True)

    assert dataclasses.replace(SNAPSHOT, batch=batch, progress=progress).ended is ended
