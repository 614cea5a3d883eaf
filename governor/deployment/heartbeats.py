"""Keeps which processes can really work: each says so again before its last word runs out; health checks ask."""

from typing import Any

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated

#: The name under which workers complain that nothing can be sent, since the ledger takes no note of it.
SENDING = "sending"
#: Before the name of its host in the name of a beat's node.
BEAT = "beat@"


#: Nobody says for longer that a node is alive.
LONGEST_S = 120


class Heartbeats:
    """The words of all workers and beats, by the names of their nodes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def beat(self, node: str, good_for_s: int) -> None:
        """Says that a node is alive; if it is not said again in that time, it is not."""
        self._client.set(keys.alive(node), "1", ex=good_for_s)

    @translated()
    def complain(self, node: str, trouble: str, good_for_s: int) -> None:
        """Says that a node lives and cannot work, and why; believed for so long."""
        self._client.set(keys.stuck(node), trouble, ex=good_for_s)

    @translated()
    def trouble(self, node: str) -> str | None:
        """Gives what keeps a node, or another process of its host, from working; None if nobody complains."""
        trouble = self._client.get(keys.stuck(node))
        return None if trouble is None else str(trouble)

    @translated()
    def troubles(self) -> dict[str, str]:
        """Gives all complaints, by who complains."""
        prefix = keys.stuck("")
        told = {key: self._client.get(key) for key in self._client.scan_iter(f"{prefix}*", count=1000)}
        return {key.removeprefix(prefix): str(text) for key, text in sorted(told.items()) if text is not None}

    @translated()
    def is_alive(self, node: str) -> bool:
        return _believed(self._client.pttl(keys.alive(node)))

    def workers(self) -> list[str]:
        """Lists the hosts on which a worker is alive: a beat alone does no work."""
        return [node for node in self.alive() if not node.startswith(BEAT)]

    @translated()
    def alive(self) -> list[str]:
        """Lists the nodes that are alive."""
        prefix = keys.alive("")
        found = list(self._client.scan_iter(f"{prefix}*", count=1000))
        with self._client.pipeline(transaction=False) as pipeline:
            for key in found:
                pipeline.pttl(key)
            lefts_ms = pipeline.execute()
        return sorted(
            key.removeprefix(prefix) for key, left_ms in zip(found, lefts_ms, strict=True) if _believed(left_ms)
        )


def _believed(left_ms: int) -> bool:
    """Says whether a word that ends so much later counts: one too far off was said before a clock was set back."""
    return 0 < left_ms <= 1000 * LONGEST_S
