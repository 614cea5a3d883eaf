"""The Helm chart, rendered by Helm's own library and judged by Kubernetes' own schemas; and what it says of Forebay."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from forebay import __version__
from forebay.cli.commands.operating.serve_web import PAGE_PORT, WEBHOOKS_PORT
from forebay.cli.main import COMMANDS
from forebay.config.settings import Settings
from forebay.worker.shutdown import SHUTDOWN_S
from tests.charts.chart_cases import EVERYTHING, REFUSED, TAKEN
from tests.deploy.expressions import EXPORTED, RULES, labels_of, metrics_of
from tests.source import ROOT

CHART = ROOT / "deploy/helm/forebay"
PYTHON = ROOT / ".venv-charts/bin/python"
#: Not Kubernetes' own; what we write of them, and nothing else.
OTHERS = {
    "ScaledObject": "spec: {scaleTargetRef, minReplicaCount, maxReplicaCount, pollingInterval, cooldownPeriod, "
    "fallback, triggers}",
    "ServiceMonitor": "spec: {selector, endpoints}",
    "PrometheusRule": "spec: {groups}",
}
ASKS_STRIPE = {"worker", "downloader", "beat"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What Helm makes of all cases. `make charts` skips no test: there a library that is missing fails."""
    if not PYTHON.exists():
        end = pytest.fail if os.environ.get("FOREBAY_TEST_CHARTS") == "all" else pytest.skip
        end("Helm's library is not here; `make charts` installs it, and runs these")
    cases = TAKEN | {name: values for name, (values, _) in REFUSED.items()}
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("rendering.py"))],
        input=json.dumps({"chart": str(CHART), "cases": cases}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def of_kind(told: dict[str, Any], case: str, kind: str) -> dict[str, Any]:
    """The manifests of a kind, by component or else by name."""
    found = [each for each in told[case]["manifests"] if each["kind"] == kind]
    return {each["metadata"]["name"].removeprefix("f-forebay").strip("-"): each for each in found}


def pods(told: dict[str, Any], case: str = "everything") -> dict[str, Any]:
    return {name: each["spec"]["template"]["spec"] for name, each in of_kind(told, case, "Deployment").items()}


def environment(pod: Any) -> dict[str, Any]:
    return {each["name"]: each for each in pod["containers"][0]["env"]}


def secrets_of(pod: Any) -> set[str]:
    container = pod["containers"][0]
    return (
        {each["secretRef"]["name"] for each in container.get("envFrom", [])}
        | {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"] if "valueFrom" in each}
        | {each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
    )


@pytest.mark.parametrize("case", TAKEN)
def test_helm_and_kubernetes_have_nothing_to_say(told: dict[str, Any], case: str) -> None:
    answer = told[case]

    assert answer.get("refused") is None
    assert answer["linted"] == []
    assert [said for said in answer["invalid"] if said.removeprefix("unknown: ") not in OTHERS] == []


@pytest.mark.parametrize("case", REFUSED)
def test_values_that_cannot_work_are_refused_in_a_sentence(told: dict[str, Any], case: str) -> None:
    said = told[case].get("refused", "it was rendered")

    assert REFUSED[case][1] in said


def test_there_is_what_was_asked_for(told: dict[str, Any]) -> None:
    assert set(pods(told, "fewest")) == {"worker", "downloader"}
    assert set(pods(told, "least")) == {"worker", "downloader", "metrics"}
    assert set(pods(told)) == {"worker", "downloader", "beat", "web", "webhooks", "metrics"}
    kinds = {each["kind"] for each in told["everything"]["manifests"]}
    assert kinds >= {"Ingress", "Service", "NetworkPolicy", "PodDisruptionBudget", "ConfigMap", *OTHERS}
    assert not {"StatefulSet", "Secret", "PersistentVolumeClaim"} & kinds, "it brings no Redis, and no key"


def test_pods_are_restricted(told: dict[str, Any]) -> None:
    """As the Pod Security Standard `restricted` has it, and with a root that nobody writes to."""
    for pod in pods(told).values():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["automountServiceAccountToken"] is False
        assert {kind for each in pod["volumes"] for kind in each if kind != "name"} <= {
            "emptyDir", "configMap", "secret",
        }  # fmt: skip
        assert pod["terminationGracePeriodSeconds"] > SHUTDOWN_S
        assert f"USER {pod['securityContext']['runAsUser']}" in (ROOT / "Dockerfile").read_text()


def test_what_they_start_is_forebay_on_the_ports_that_are_asked(told: dict[str, Any]) -> None:
    started = {name: pod["containers"][0]["args"] for name, pod in pods(told).items()}

    assert {words[0] for words in started.values()} <= set(COMMANDS)
    assert started["worker"][:3] == ["worker", "--queues", "submit,poll"]
    assert started["downloader"][:3] == ["worker", "--queues", "download"]
    assert started["webhooks"][-2:] == ["--only", "webhooks"]
    ports = {name: pod["containers"][0].get("ports", [{}])[0].get("containerPort") for name, pod in pods(told).items()}
    assert (ports["web"], ports["webhooks"]) == (PAGE_PORT, WEBHOOKS_PORT)
    assert started["metrics"][-1].endswith(f":{ports['metrics']}")


def test_every_variable_of_ours_is_a_setting_and_stands_once(told: dict[str, Any]) -> None:
    known = {f"FOREBAY_{field.upper()}" for field in Settings.model_fields} | {"STRIPE_API_KEY", "TMPDIR"}
    for pod in (*pods(told).values(), *pods(told, "least").values()):
        names = [each["name"] for each in pod["containers"][0]["env"]]
        assert len(names) == len(set(names))
        assert set(names) - known <= {"AWS_DEFAULT_REGION"}


def test_each_is_given_the_secrets_that_it_needs(told: dict[str, Any]) -> None:
    given = {name: secrets_of(pod) for name, pod in pods(told).items()}

    assert given == {name: {"redis", "aws", "keys", "key-files"} for name in ASKS_STRIPE} | {
        "web": {"redis", "aws", "access"},
        "metrics": {"redis", "aws", "metrics"},
        "webhooks": {"redis", "hooks"},
    }
    with_key = {name for name, pod in pods(told, "least").items() if "STRIPE_API_KEY" in environment(pod)}
    assert with_key == {"worker", "downloader"}
    assert "STRIPE_API_KEY" in environment(pods(told, "submitting")["web"])


def test_who_faces_the_world_has_no_role(told: dict[str, Any]) -> None:
    accounts = of_kind(told, "everything", "ServiceAccount")
    by = {name: pod["serviceAccountName"].removeprefix("f-forebay").strip("-") for name, pod in pods(told).items()}

    assert {name for name, account in by.items() if "annotations" in accounts[account]["metadata"]} == {
        "worker", "downloader", "beat", "web", "metrics",
    }  # fmt: skip


@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe"])
@pytest.mark.parametrize("name", sorted(ASKS_STRIPE))
def test_a_probe_of_files_starts_no_python_and_tells_fresh_from_old(
    told: dict[str, Any], name: str, probe: str, tmp_path: Path
) -> None:
    container = pods(told)[name]["containers"][0]
    assert environment(pods(told)[name])["FOREBAY_HEALTH_DIR"]["value"] == "/tmp/health"
    shell, flag, script = container[probe]["exec"]["command"]
    file = tmp_path / ("alive" if probe == "livenessProbe" else "ready")

    def passes() -> bool:
        words = [shell, flag, script.replace("/tmp/health", str(tmp_path))]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    assert (shell, flag, "forebay" in script, "python" in script) == ("sh", "-c", False, False)
    assert not passes(), "nothing was said yet"
    file.touch()
    assert passes()
    os.utime(file, (0, 0))
    assert not passes(), "what was said long ago is not believed"


def test_each_server_is_asked_at_its_own_port(told: dict[str, Any]) -> None:
    for name in ("web", "webhooks", "metrics"):
        container = pods(told)[name]["containers"][0]
        asked = {container[f"{which}Probe"]["httpGet"]["port"] for which in ("startup", "liveness", "readiness")}
        assert asked == {container["ports"][0]["name"]}
    assert pods(told)["webhooks"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_downloaders_are_scaled_by_results_that_wait_and_by_nothing_else(told: dict[str, Any]) -> None:
    (scaled,) = of_kind(told, "everything", "ScaledObject").values()
    deployments = of_kind(told, "everything", "Deployment")
    (trigger,) = scaled["spec"]["triggers"]

    assert scaled["spec"]["scaleTargetRef"]["name"] == deployments["downloader"]["metadata"]["name"]
    assert "replicas" not in deployments["downloader"]["spec"], "Helm would set back what KEDA decided"
    assert all("replicas" in each["spec"] for name, each in deployments.items() if name != "downloader")
    query = trigger["metadata"]["query"]
    assert metrics_of(query) == {"forebay_lane_runs"} <= EXPORTED
    assert labels_of(query) == {("forebay_lane_runs", "state"), ("forebay_lane_runs", "namespace")}
    assert 'state="ready"' in query and 'namespace="finance"' in query


@pytest.mark.parametrize("kind", OTHERS)
def test_of_others_kinds_it_writes_what_they_know(told: dict[str, Any], kind: str) -> None:
    known = yaml.safe_load(OTHERS[kind])
    for each in of_kind(told, "everything", kind).values():
        assert set(each["spec"]) == set(known["spec"])


def test_metrics_are_scraped_with_the_token_of_who_serves_them(told: dict[str, Any]) -> None:
    (monitor,) = of_kind(told, "everything", "ServiceMonitor").values()
    service = of_kind(told, "everything", "Service")["metrics"]
    token = environment(pods(told)["metrics"])["FOREBAY_METRICS_TOKEN"]["valueFrom"]["secretKeyRef"]

    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == token
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]


def test_its_copy_of_the_alerts_is_one() -> None:
    """Helm reads nothing beside the chart, and not everybody who takes the chart alone follows a link."""
    assert (CHART / "files/forebay.rules.yml").read_text() == RULES.read_text(), f"copy {RULES.relative_to(ROOT)}"


def test_alerts_are_those_that_prometheus_is_given_elsewhere(told: dict[str, Any]) -> None:
    (rule,) = of_kind(told, "everything", "PrometheusRule").values()
    text = RULES.read_text().replace("runbook_url: ", "runbook_url: https://git.example.com/forebay/")

    assert rule["spec"] == yaml.safe_load(text)


def test_nobody_connects_to_a_worker(told: dict[str, Any]) -> None:
    policies = of_kind(told, "everything", "NetworkPolicy")

    (unasked,) = policies["unasked"]["spec"]["podSelector"]["matchExpressions"]
    assert set(unasked["values"]) == ASKS_STRIPE
    assert "ingress" not in policies["unasked"]["spec"]


def test_a_changed_spec_starts_pods_anew(told: dict[str, Any]) -> None:
    sums = {
        case: of_kind(told, case, "Deployment")["worker"]["spec"]["template"]["metadata"]["annotations"][
            "checksum/spec"
        ]
        for case in ("least", "everything")
    }
    assert sums["least"] != sums["everything"]
    assert of_kind(told, "everything", "ConfigMap")["spec"]["data"] == EVERYTHING["spec"]["files"]


def test_the_chart_is_of_this_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == __version__
