"""The alerts: each says how bad it is, what it means and what to do, and fires when it should, as Prometheus says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from forebay.cli.output.cause import CauseKind
from forebay.metrics.catalogue import METRICS
from tests.deploy.expressions import EXPORTED, RECORDED, RULES, labels_of, metrics_of
from tests.deploy.promtool import promtool
from tests.metrics.test_collector import scrape
from tests.source import ROOT

__all__ = ["scrape"]

GROUPS = yaml.safe_load(RULES.read_text())["groups"]
ALL: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in ALL if "alert" in rule]
CASES = RULES.with_name("forebay.rules.test.yml")
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
HEADINGS = re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
#: As a renderer of Markdown makes them.
ANCHORS = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in HEADINGS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_says_how_bad_it_is_and_leads_to_what_to_do(rule: dict[str, Any]) -> None:
    said = rule["annotations"]

    assert set(said) == {"summary", "description", "runbook_url"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    page, _, anchor = said["runbook_url"].partition("#")
    assert (ROOT / page).is_file()
    assert anchor == rule["alert"].lower() and anchor in ANCHORS


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_expression_asks_for_what_is_exported(rule: dict[str, Any]) -> None:
    asked = metrics_of(rule["expr"])
    recorded = {each["record"] for each in ALL if "record" in each}

    assert asked
    assert asked - EXPORTED == {name for name in asked if RECORDED.fullmatch(name)} & recorded


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_label_that_is_selected_by_is_one_of_the_metric(rule: dict[str, Any]) -> None:
    labels = {metric.name: set(metric.labels) for metric in METRICS}

    assert {(name, label) for name, label in labels_of(rule["expr"]) if label not in labels[name]} == set()


def test_a_name_that_nobody_exports_would_be_found() -> None:
    assert metrics_of("sum by (lane) (rate(forebay_nothing_total[5m])) > 1 or vector(1)") == {"forebay_nothing_total"}
    assert labels_of('forebay_lane_runs{stat="waiting"} > 0') == {("forebay_lane_runs", "stat")}


def test_each_alert_is_tried() -> None:
    cases = yaml.safe_load(CASES.read_text())["tests"]
    tried = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}

    assert tried == {rule["alert"] for rule in ALERTS}


def test_promtool_takes_the_rules_and_each_fires_when_it_should() -> None:
    for command in ("check", "test"):
        file = RULES.name if command == "check" else CASES.name
        done = promtool(command, "rules", file, folder=RULES.parent)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def test_promtool_has_nothing_to_say_of_the_metrics(scrape: str) -> None:
    done = promtool("check", "metrics", said=scrape)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_reason_that_is_given_stands_in_the_runbook() -> None:
    assert [kind for kind in CauseKind if f"`{kind}`" not in HEADINGS] == []
    assert [
        heading for heading in HEADINGS if re.fullmatch(r"`\w+`", heading) and heading[1:-1] not in [*CauseKind]
    ] == []


def test_each_alert_in_the_runbook_is_one() -> None:
    assert {heading for heading in HEADINGS if heading.startswith("Forebay")} == {rule["alert"] for rule in ALERTS}
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= ANCHORS
