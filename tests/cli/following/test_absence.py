"""What a command says while nobody answers, and when it brings a Redis of this machine back."""

from forebay.cli.following.absence import COME_BACK_S, Absence
from forebay.cli.output.cause import Cause
from forebay.governor.errors import RedisUnavailable

SILENT = RedisUnavailable("no answer")


def test_each_failure_is_told_and_redis_is_brought_back_once_it_stays_away_as_often_as_it_takes() -> None:
    told, asked = list[Cause](), list[str]()

    def come_back() -> None:
        asked.append("once more")
        raise SILENT

    absence, now_s = Absence(come_back), 100.0
    for step_s in (0.0, COME_BACK_S, 0.1, 0.1, COME_BACK_S):
        now_s += step_s
        absence.survive(SILENT, told.append, now_s)

    assert [cause.message for cause in told] == ["no answer; trying again"] * 5
    assert (absence.why, len(asked)) == ("no answer", 2), "after five seconds, and after five more"

    absence.over()
    assert absence.why == ""
    absence.survive(SILENT, told.append, now_s + 10 * COME_BACK_S)
    assert len(asked) == 2, "it is away for the first time again"
