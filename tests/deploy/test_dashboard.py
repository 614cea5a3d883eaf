"""The dashboard: it parses, it fits, and each expression asks for what is exported, by labels that there are."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from forebay.metrics.catalogue import METRICS
from tests.deploy.expressions import EXPORTED, labels_of, metrics_of
from tests.source import ROOT

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/forebay.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
LABELS = {metric.name: {*metric.labels, "le"} for metric in METRICS}


def expressions(panel: dict[str, Any]) -> list[str]:
    """What a panel asks, as Prometheus gets it once Grafana has put its own words in."""
    return [each["expr"].replace("$__rate_interval", "5m").replace("$lane", "acme:live") for each in panel["targets"]]


@pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])
def test_each_expression_asks_for_what_is_exported(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for expression in expressions(panel):
        assert metrics_of(expression), expression
        assert metrics_of(expression) - EXPORTED == set()
        for name, label in labels_of(expression):
            assert label in LABELS[re.sub(r"_(bucket|sum|count)$", "", name)], (name, label)


@pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])
def test_each_legend_names_labels_that_its_series_have(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        kept = re.findall(r"by \(([^)]*)\)", target["expr"])
        known = (
            set(kept[0].split(", "))
            if kept
            else set.union(*map(LABELS.__getitem__, metrics_of(expressions_of(target))))
        )
        assert named <= known, target


def expressions_of(target: dict[str, Any]) -> str:
    return expressions({"targets": [target]})[0]


@pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])
def test_each_panel_says_what_it_shows_and_asks_the_chosen_source(panel: dict[str, Any]) -> None:
    assert panel["description"]
    for asked in (panel, *panel["targets"]):
        assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references)


def test_rows_are_promises_lanes_and_landing() -> None:
    assert [panel["title"] for panel in PANELS if panel["type"] == "row"] == ["Promises", "Lanes", "Landing"]


def test_panels_fit_and_none_lies_on_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24
        cells = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert [taken[cell] for cell in cells if cell in taken] == [], panel["title"]
        taken |= dict.fromkeys(cells, panel["title"])
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_a_lane_is_chosen_by_a_label_that_there_is() -> None:
    (lane,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == "lane"]
    asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", lane["definition"])

    assert asked and asked[2] in LABELS[asked[1]]
    assert lane["query"]["query"] == lane["definition"]
