"""What workers say of the hosts that they reach."""

from datetime import UTC, datetime

import pytest
import redis

from forebay.governor.deployment.host_reports import HostReport, HostReports
from forebay.governor.keys import host_report

AT = datetime(2026, 11, 29, 18, 30, tzinfo=UTC)


def test_a_report_is_what_was_said_and_is_forgotten_in_time(client: redis.Redis) -> None:
    reports = HostReports(client)
    said = HostReport(at=AT, troubles={"stripeusercontent.com": "its name is not known here (DNS)", "a:1": ""})

    reports.report("one", said, 7200)

    assert reports.of(["two", "one"]) == {"two": None, "one": said}
    assert reports.of([]) == {}
    assert 0 < client.ttl(host_report("one")) <= 7200


@pytest.mark.parametrize("text", ["", "1", "[]", "{}", '{"at": "now", "hosts": {}}', '{"at": null, "hosts": {}}'])
def test_what_another_release_says_is_no_report(client: redis.Redis, text: str) -> None:
    client.set(host_report("one"), text, ex=60)

    assert HostReports(client).of(["one"]) == {"one": None}
