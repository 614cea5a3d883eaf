"""Tells Airflow what this distribution has: a type of connection, and a link that tasks show."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Gives it as `provider_info.schema.json` of Airflow has it; an entry point of pyproject.toml names this."""
    return {
        "package-name": "airflow-provider-forebay",
        "name": "Forebay",
        "description": "Forebay, a distributed job queue for Stripe's Query Run API.",
        "connection-types": [
            {
                "connection-type": "forebay",
                "hook-class-name": "airflow_provider_forebay.forebay_hook.ForebayHook",
                "hook-name": "Forebay",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login", "port"],
                    "relabeling": {"host": "Address", "password": "Token"},
                    "placeholders": {"host": "https://forebay.example.com", "password": "fbweb_…"},
                },
            }
        ],
        "extra-links": ["airflow_provider_forebay.batch_link.ForebayBatchLink"],
    }
