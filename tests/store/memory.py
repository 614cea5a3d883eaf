"""A store in memory, which counts what is asked of it: a disk would take minutes to write the ledger of years."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import SecretStr

from forebay.store.errors import NotFound, NotSigned
from forebay.store.interface import Writer
from forebay.store.key_rules import checked

#: Keys that S3 lists, or deletes, in one request.
PAGE = 1_000


class _Draft:
    def __init__(self, store: "MemoryStore", key: str) -> None:
        self._store, self._key, self._data = store, key, bytearray()

    def write(self, data: bytes) -> None:
        self._data += data

    def commit(self) -> None:
        self._store.put(self._key, bytes(self._data))


class MemoryStore:
    """A store; `asked` counts requests as S3 would."""

    def __init__(self, objects: dict[str, bytes] | None = None, *, url: str = "s3://memory", page: int = PAGE) -> None:
        self.objects: dict[str, bytes] = dict(objects or {})
        self.asked: Counter[str] = Counter()
        self.url, self._page = url, page

    def url_of(self, key: str) -> str:
        return f"{self.url}/{checked(key)}"

    @contextmanager
    def writer(self, key: str, *, content_type: str | None = None) -> Iterator[Writer]:
        yield _Draft(self, checked(key))

    def put(self, key: str, data: bytes) -> None:
        self.asked["put"] += 1
        self.objects[checked(key)] = data

    def create(self, key: str, data: bytes) -> bool:
        self.asked["put"] += 1
        return self.objects.setdefault(checked(key), data) is data

    def copy(self, source: str, target: str) -> None:
        self.put(target, self.get(source))

    def get(self, key: str) -> bytes:
        self.asked["get"] += 1
        try:
            return self.objects[checked(key)]
        except KeyError:
            raise NotFound(key) from None

    def open(self, key: str) -> Iterator[bytes]:
        yield self.get(key)

    def size(self, key: str) -> int | None:
        self.asked["head"] += 1
        return len(self.objects[key]) if key in self.objects else None

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        return self._paged(key for key in sorted(self.objects) if key.startswith(prefix) and key > after)

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        folder, slash, _ = prefix.rpartition("/")
        keys = (key for key in sorted(self.objects) if key.startswith(prefix) and key > after)
        segments = (key.removeprefix(folder + slash).partition("/") for key in keys)
        return self._paged(dict.fromkeys(segment for segment, slash, _ in segments if slash))

    def _paged(self, listed: Iterable[str]) -> Iterator[str]:
        self.asked["list"] += 1
        for number, each in enumerate(listed):
            if number and number % self._page == 0:
                self.asked["list"] += 1
            yield each

    def delete(self, key: str) -> None:
        self.asked["delete"] += 1
        self.objects.pop(key, None)

    def delete_all(self, keys: Iterable[str]) -> None:
        listed = [*keys]
        self.asked["delete"] += -(-len(listed) // self._page)
        for key in listed:
            self.objects.pop(key, None)

    def signed_url(self, key: str, for_s: int) -> SecretStr:
        raise NotSigned("nobody else sees this memory")

    def probe(self) -> None:
        """Nothing to prove."""

    def sweep(self, now: datetime, ours: Callable[[str], bool]) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""
