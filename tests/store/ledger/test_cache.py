from concurrent.futures import ThreadPoolExecutor

from forebay.store.ledger.cache import LeastRecent


def test_what_was_used_longest_ago_goes_first():
    cache: LeastRecent[str, str] = LeastRecent(limit=10, cost=len)
    for key in ("a", "b"):
        cache.get(key, lambda: "xxxxx")
    cache.get("a", lambda: "not loaded")
    cache.get("c", lambda: "xxxxx")
    assert cache.get("a", lambda: "again") == "xxxxx"
    assert cache.get("b", lambda: "again") == "again"


def test_a_value_larger_than_the_limit_is_given_and_not_kept():
    cache: LeastRecent[str, str] = LeastRecent(limit=3, cost=len)
    assert cache.get("a", lambda: "large") == "large"
    assert cache.get("a", lambda: "x") == "x"


def test_threads_may_share_it():
    cache: LeastRecent[int, str] = LeastRecent(limit=50, cost=len)
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda n: cache.get(n % 20, lambda: str(n % 20) * 3), range(5000))
        assert list(answers) == [str(n % 20) * 3 for n in range(5000)]
