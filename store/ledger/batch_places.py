"""Says where the ledger keeps what a batch is made of, and reads what the batch is."""

from forebay.config.stripe import Api
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import BATCH_SHAPE, BY_BATCH, Batch
from forebay.store.ledger.writings import chunk_suffix


def batch_place(batch_id: str) -> str:
    """Says what the keys of all that is known of a batch begin with."""
    return _place(segment(batch_id))


def lane_place(batch_id: str, lane: str) -> str:
    """Says what the keys of a batch's runs on one lane begin with."""
    return f"{batch_place(batch_id)}/{segment(lane)}"


def chunk_key(batch_id: str, lane: str, number: int, writing: str) -> str:
    """Names a chunk of a batch's items, as one writer's try to make the batch has it."""
    return f"{lane_place(batch_id, lane)}/items-{number:06d}{chunk_suffix(writing)}"


def read_batch(store: Store, folder: str) -> Batch:
    """Reads the batch whose id this segment stands for. Raises NotFound, BadRecord."""
    return BATCH_RECORD.read(store, f"{_place(folder)}/batch.json")


def _place(folder: str) -> str:
    return f"batches/{folder}"


def _is_misread_before(batch: Batch) -> bool:
    """Tells what an older worker would land at another place or in another way, or ask by another API."""
    return batch.layout != BY_BATCH or batch.by_account is not None or batch.api is not Api.REPORTING


#: What a batch is. Its key alone decides whether there is a batch of that id.
BATCH_RECORD = RecordKind(
    BATCH_SHAPE, lambda batch_id: f"{batch_place(batch_id)}/batch.json", misread_before=_is_misread_before
)
