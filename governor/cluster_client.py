"""Lets a Redis Cluster be used as one server is, as far as Forebay uses one.

Each lane is in one slot, and so are the keys of each script. A pipeline saves round trips on one server, and cannot
here: its commands go to the nodes that have their keys.
"""

from collections.abc import Callable
from typing import Any, Self

from redis.cluster import RedisCluster
from redis.exceptions import NoScriptError, RedisClusterException, RedisError


class ClusterClient(RedisCluster):
    """A client of a Cluster, with the replies of one server."""

    def pipeline(self, transaction: bool | None = None, shard_hint: Any = None) -> Any:  # noqa: FBT001
        """Gives what takes commands as a pipeline does. Another than ours is for the library's own use."""
        return OneByOne(self) if transaction is False else super().pipeline(transaction, shard_hint)  # type: ignore[no-untyped-call]

    def _one(self) -> Any:
        return self.get_default_node()  # type: ignore[no-untyped-call]

    def time(self, **_: Any) -> Any:
        """Reads the clock of one node. Those of a Cluster have to agree, as those of a primary and its replicas."""
        return super().time(target_nodes=self._one())

    def config_get(self, *patterns: Any, **_: Any) -> Any:
        """Reads settings of one node."""
        return super().config_get(*patterns, target_nodes=self._one())

    def info(self, section: str | None = None, *more: str, **_: Any) -> Any:
        """Reads what one node says of itself."""
        return super().info(section, *more, target_nodes=self._one())


class OneByOne:
    """Takes commands as a pipeline does, and carries each out at once."""

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        self._replies: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., Any]:
        command = getattr(self._cluster, name)

        def call(*args: Any, **named: Any) -> "OneByOne":
            try:
                self._replies.append(command(*args, **named))
            except NoScriptError:
                raise  # whoever runs a script sends it then, and asks again
            except (RedisError, RedisClusterException) as error:
                self._replies.append(error)
            return self

        return call

    def script_load(self, script: str) -> Any:
        """Loads a script on all nodes; no command of the caller's, so it has no reply among those."""
        return self._cluster.script_load(script)

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001  # as the library has it
        """Gives the replies, or raises the first error among them."""
        errors = (reply for reply in self._replies if isinstance(reply, RedisError | RedisClusterException))
        if raise_on_error and (error := next(errors, None)):
            raise error
        return self._replies
