"""How the end of a batch is told to scripts."""

from forebay.cli.exits import Exit
from forebay.cli.output.ending import Ending
from tests.landing.test_result_paths import batch_of


def test_the_place_that_is_told_is_where_results_are() -> None:
    ending = Ending(message="all landed", exit_code=Exit.OK)
    shared = batch_of("daily/window=2026-10-01/account={account}/{name}", output="s3://bucket/out")
    assert ending.facts(shared, None)["output"] == "s3://bucket/out/daily/window=2026-10-01/"
    own = batch_of("{batch}/{account}/{name}", "b1", output="s3://bucket/out/")
    assert ending.facts(own, None)["output"] == "s3://bucket/out/b1/"
