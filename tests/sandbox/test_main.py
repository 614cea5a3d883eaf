"""The sandbox's command line: what it refuses, in a sentence and before anything listens."""

import socket
import sys

import pytest

from forebay.sandbox.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cap", "-1"], "sandbox: --cap: should be greater than or equal to 0\n"),
        (["--port", "99999"], "sandbox: --port: should be less than or equal to 65535\n"),
        (["--accounts", "many"], "sandbox: --accounts: should be a valid integer"),
        (["--duration", "lots"], "sandbox: --duration: 'lots' is no duration; write fixed:SECONDS or"),
        (["--no-access", "acct_9"], "sandbox: no_access: there is no account acct_9\n"),
        (["--webhook", "nowhere"], "sandbox: --webhook: 'nowhere' is no URL; write http://HOST:PORT/PATH\n"),
        (["--webhook-secrets", "sk_test_x"], "sandbox: --webhook-secrets: a secret begins with whsec_\n"),
        (["--event-delay", "soon"], "sandbox: --event-delay: 'soon' is no duration; write fixed:SECONDS or"),
        (["--nope"], "forebay sandbox: error: unrecognized arguments: --nope"),
    ],
)
def test_a_bad_option_is_one_sentence(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["forebay sandbox", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    told = capsys.readouterr()
    assert ended.value.code == 2
    assert sentence in told.err
    assert "default factory" not in told.err
    assert told.out == ""


def test_a_port_that_is_taken_is_told_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["forebay sandbox", "--port", str(port)])

        with pytest.raises(SystemExit) as ended:
            main()

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"sandbox: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        "  → --port 0 takes a free port and says which\n"
    )
