"""Values that the chart takes, and values that it refuses, each with a part of the sentence."""

from typing import Any

LEAST: dict[str, Any] = {
    "image": {"repository": "registry.example.com:5000/acme/forebay"},
    "redis": {"existingSecret": "redis"},
    "ledger": "s3://acme-forebay/ledger",
    "mode": "live",
    "stripe": {"existingSecret": "stripe"},
    "metrics": {"existingSecret": "metrics"},
}
EVERYTHING: dict[str, Any] = LEAST | {
    "image": {"repository": "registry.example.com/forebay", "digest": f"sha256:{'a' * 64}", "pullSecrets": ["pull"]},
    "redis": {"existingSecret": "redis", "brokerUrlKey": "BROKER"},
    "output": "s3://acme-finance/stripe?tag.team=tax",
    "stripe": {"envFrom": ["keys"], "files": "key-files"},
    "spec": {"files": {"forebay.yaml": "version: 1\n", "fees.sql": "SELECT 1\n"}},
    "settings": {"FOREBAY_CAP": 400, "AWS_DEFAULT_REGION": "eu-west-1"},
    "envFrom": ["aws"],
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/forebay"}},
    "downloader": {"autoscaling": {"enabled": True, "prometheus": "http://prometheus:9090", "authentication": "a"}},
    "web": {
        "enabled": True,
        "access": {"existingSecret": "access"},
        "ingress": {"enabled": True, "host": "forebay.example.com", "className": "nginx", "tlsSecret": "tls"},
    },
    "webhooks": {
        "enabled": True,
        "existingSecret": "hooks",
        "ingress": {"enabled": True, "host": "hooks.example.com", "annotations": {"a/b": "c"}},
    },
    "metrics": {
        "existingSecret": "metrics",
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "runbooks": "https://git.example.com/forebay/"},
    },
    "podAnnotations": {"a/b": "c"},
    "podLabels": {"team": "tax"},
    "priorityClassName": "high",
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
    ],
}
FEWEST = LEAST | {
    "metrics": {"enabled": False},
    "networkPolicy": {"enabled": False},
    "podDisruptionBudget": {"enabled": False},
}
SUBMITTING = LEAST | {"web": {"enabled": True, "submits": True, "access": {"existingSecret": "access"}}}
TAKEN = {"least": LEAST, "everything": EVERYTHING, "fewest": FEWEST, "submitting": SUBMITTING}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "redis.existingSecret: name the Secret with the URL of your Redis; the chart brings none"),
    "no image": (LEAST | {"image": {}}, "image.repository: name the image that you built"),
    "no ledger": (LEAST | {"ledger": ""}, "ledger: say s3://bucket/prefix; pods share no folder"),
    "a folder": (LEAST | {"ledger": "/data"}, "at '/ledger'"),
    "no mode": (LEAST | {"mode": ""}, "mode: say live or test"),
    "another mode": (LEAST | {"mode": "prod"}, "at '/mode': value must be one of '', 'live', 'test'"),
    "no key": (LEAST | {"stripe": {}}, "stripe.existingSecret: name the Secret with the key"),
    "a slip": (LEAST | {"workers": {"replicas": 1}}, "additional properties 'workers' not allowed"),
    "words": (LEAST | {"worker": {"replicas": "two"}}, "at '/worker/replicas': got string, want integer"),
    "a secret": (
        LEAST | {"settings": {"FOREBAY_REDIS_URL": "redis://x"}},
        "settings.FOREBAY_REDIS_URL: it has a value of its own, or belongs into a Secret",
    ),
    "no setting": (LEAST | {"settings": {"CAP": "1"}}, "invalid propertyName 'CAP'"),
    "open doors": (LEAST | {"web": {"enabled": True}}, "web.access.existingSecret: name the Secret"),
    "no hook": (LEAST | {"webhooks": {"enabled": True}}, "webhooks.existingSecret: name the Secret"),
    "no token": (LEAST | {"metrics": {}}, "metrics.existingSecret: name the Secret with the token"),
    "blind": (LEAST | {"downloader": {"autoscaling": {"enabled": True}}}, "at which address KEDA asks"),
    "no spec": (LEAST | {"spec": {"files": {"a.sql": "SELECT 1"}}}, "there is no forebay.yaml among them"),
    "no host": (
        LEAST | {"webhooks": {"enabled": True, "existingSecret": "h", "ingress": {"enabled": True}}},
        "webhooks.ingress.host: say by which name it is asked for",
    ),
    "a digest": (LEAST | {"image": {"repository": "r/f", "digest": "sha256:1"}}, "at '/image/digest'"),
}
