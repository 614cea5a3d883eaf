"""Keeps what threads of this process held when Redis stopped answering, until it answers and they can give it back.

Written by the steps (`worker/steps/carry_out.py`), emptied by the pump, which is the first to know that Redis answers
again. What is not given back, since the process ends, is due again when its custody runs out.
"""

from collections import deque
from collections.abc import Callable

from forebay.governor.errors import RedisUnavailable


class LeftBehind:
    """Ways to give runs back. Thread safe."""

    def __init__(self) -> None:
        self._ways: deque[Callable[[], None]] = deque()

    def add(self, give_back: Callable[[], None]) -> None:
        """Takes a way to give one run back, which may be gone twice."""
        self._ways.append(give_back)

    def give_back(self) -> None:
        """Gives all of it back. Raises `RedisUnavailable`, and keeps what is left."""
        while self._ways:
            give_back = self._ways.popleft()
            try:
                give_back()
            except RedisUnavailable:
                self._ways.append(give_back)
                raise
