"""Checks that results can be fetched: rows of `doctor`. Tries the hosts from here, and asks what each worker found.

What fetches is a worker, so it is its network that counts; where the workers are on this machine, that is this one's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.request import getproxies

from forebay.cli.deployment import Deployment
from forebay.cli.output import words
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed, stands_still
from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.stripe import DOWNLOAD_HOSTS, RESULT_HOST
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.deployment.host_reports import HostReport, HostReports
from forebay.governor.errors import GovernorError
from forebay.landing.result_hosts import reach, result_hosts, way_to_results


def from_here(connection: Connection, *, workers_are_here: bool) -> Iterator[CheckResult]:
    """Tries each host of the connection's results once, without any credentials."""
    try:
        proxy = way_to_results(connection, getproxies())
    except ConfigError as error:
        yield failed("results", error)
        return
    hosts = result_hosts(connection)
    troubles = {host: reach(host, proxy=proxy).trouble for host in hosts}
    if not any(troubles.values()):
        by = ", by the proxy of the environment" if proxy else ""
        if hosts:
            yield CheckResult(check="results", verdict=CheckVerdict.OK, message=f"{_all(hosts)} reached from here{by}")
        return
    for row in _in_the_way(troubles, "from here"):
        # Where others fetch, what is in the way here need not be in theirs.
        yield (
            row
            if workers_are_here
            else CheckResult(
                check=row.check,
                verdict=CheckVerdict.WARNING,
                message=f"{row.message}; where the workers run is what counts",
                way_out=row.way_out,
            )
        )


def from_workers(deployment: Deployment, connection: Connection) -> Iterator[CheckResult]:
    """Says of each worker that is alive which hosts of the connection's results it reached, and when it tried."""
    try:
        found = HostReports(deployment.redis).of(Heartbeats(deployment.redis).workers())
    except GovernorError:
        return  # said of Redis itself
    hosts = result_hosts(connection)
    well, silent = [], []
    for node, report in found.items():
        if report is None or not {*hosts} <= report.troubles.keys():
            silent.append(node)
        elif any(report.troubles[host] for host in hosts):
            yield from _in_the_way(
                {host: report.troubles[host] for host in hosts}, f"from worker {node} ({_ago(report)})"
            )
        else:
            well.append(f"{node} ({_ago(report)})")
    if well and hosts:
        reached = f"{_all(hosts)} reached from worker{'s' if len(well) > 1 else ''} {', '.join(well)}"
        yield CheckResult(check="results", verdict=CheckVerdict.OK, message=reached)
    if silent:
        yield CheckResult(
            check="results",
            verdict=CheckVerdict.WARNING,
            message=f"not said yet whether {_all(hosts)} reached from {', '.join(silent)}",
            way_out="a worker of this release and this configuration says so soon after it started",
        )


def _in_the_way(troubles: Mapping[str, str], where: str) -> Iterator[CheckResult]:
    for host, trouble in troubles.items():
        if not trouble:
            continue
        if host in DOWNLOAD_HOSTS and host != RESULT_HOST:
            # Allowed since Stripe's files have always come from there; no sample of a result does.
            yield CheckResult(
                check="results",
                verdict=CheckVerdict.WARNING,
                message=f"results may come from {host}, which is not reached {where}: {trouble}",
                way_out=f"let that network reach {host}, port 443, if results come from there",
            )
        else:
            message = f"results come from {host}, which is not reached {where}: {trouble}"
            yield stands_still("results", message, way_out=_way_out(host))


def _way_out(host: str) -> str:
    unlisted = " (Stripe's published lists of domains lack it)" if host == RESULT_HOST else ""
    port = "" if ":" in host else ", port 443"
    return (
        f"let that network reach {host}{port}{unlisted}, or set HTTPS_PROXY; else runs are spent, and what they found "
        "is fetched only once that is mended"
    )


def _all(hosts: Sequence[str]) -> str:
    return f"{' and '.join(hosts)} {'is' if len(hosts) == 1 else 'are'}"


def _ago(report: HostReport) -> str:
    seconds = (datetime.now(UTC) - report.at).total_seconds()
    return "just now" if seconds < 60 else f"{words.age(seconds)} ago"
