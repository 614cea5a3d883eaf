import threading

from forebay.runtime.under_way import UnderWay


def test_what_is_under_way_is_named_the_longest_silent_first() -> None:
    now_s = [100.0]
    under_way = UnderWay(lambda: now_s[0])
    begun, over = threading.Event(), threading.Event()

    def download() -> None:
        with under_way.step("download of b/2"):
            begun.set()
            over.wait(20)
            under_way.got_on()
            begun.set()
            over.wait(20)

    other = threading.Thread(target=download)
    other.start()
    assert begun.wait(20)
    now_s[0] = 107.0
    with under_way.step("submit of b/1"):
        now_s[0] = 110.0
        assert under_way.silent() == ["download of b/2 (10 s)", "submit of b/1 (3 s)"]
        assert under_way.silent(5.0) == ["download of b/2 (10 s)"]

        begun.clear()
        over.set()
        assert begun.wait(20)
        other.join()
        assert under_way.silent(2.0) == ["submit of b/1 (3 s)"]
    assert under_way.silent() == []


def test_a_step_that_gets_on_is_not_silent() -> None:
    now_s = [0.0]
    under_way = UnderWay(lambda: now_s[0])

    with under_way.step("download of b/1"):
        now_s[0] = 500.0
        under_way.got_on()
        now_s[0] = 501.0
        assert under_way.silent(60.0) == []

    under_way.got_on()  # of a thread that is at nothing
    assert under_way.silent() == []
