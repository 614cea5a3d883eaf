"""Renders the chart and judges what came of it: a program of `.venv-charts`, which has Helm's library (make charts).

Reads cases from standard input, as JSON: `{"chart": FOLDER, "cases": {NAME: VALUES}}`. Writes of each what Helm
refuses it for, or its manifests, what Helm's linter says, and what Kubernetes' own schemas say of each manifest.
"""

import json
import sys
from typing import Any

import yaml
from helm_python import errors
from helm_python.chart import Chart, lint
from kubernetes_validate import utils

#: The oldest that the chart is for, and the newest that there is.
RELEASES = ("1.29", "1.37")


def told(chart: Chart, folder: str, values: dict[str, Any]) -> dict[str, Any]:
    """Renders one case."""
    try:
        rendered = chart.render(values, name="f", namespace="finance")
    except errors.HelmError as error:
        return {"refused": str(error)}
    texts = [text for path, text in sorted(rendered.items()) if path.endswith(".yaml")]
    manifests = [each for text in texts for each in yaml.safe_load_all(text) if each]
    linted = lint(folder, values, strict=True, namespace="finance")
    return {
        "manifests": manifests,
        "notes": [text for path, text in rendered.items() if path.endswith(".txt")],
        "linted": [each for each in linted["messages"] if each["severity"] > 1] + linted["errors"],
        "invalid": [said for each in manifests for release in RELEASES for said in judged(each, release)],
    }


def judged(manifest: dict[str, Any], release: str) -> list[str]:
    """Says what is wrong with one; of a kind that Kubernetes does not bring, its name."""
    try:
        utils.validate(manifest, release, strict=True)
    except utils.SchemaNotFoundError:
        return [f"unknown: {manifest['kind']}"]
    except utils.ValidationError as error:
        return [f"{manifest['kind']} {manifest['metadata']['name']}, {release}: {list(error.path)}: {error.message}"]
    return []


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    with Chart.load(asked["chart"]) as loaded:
        answers = {name: told(loaded, asked["chart"], values) for name, values in asked["cases"].items()}
    json.dump(answers, sys.stdout)
