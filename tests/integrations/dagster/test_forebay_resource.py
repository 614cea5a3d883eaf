"""The resource takes its token from the environment, and shows it to nobody."""

from __future__ import annotations

import dagster as dg
import pytest

from dagster_forebay import ForebayResource


def test_address_and_token_come_from_the_environment_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    forebay = ForebayResource(url=dg.EnvVar("STRIPE_QUEUE_URL"), token=dg.EnvVar("STRIPE_QUEUE_TOKEN"))
    monkeypatch.setenv("STRIPE_QUEUE_URL", "https://forebay.example.com")
    monkeypatch.setenv("STRIPE_QUEUE_TOKEN", "fbweb_secret")

    @dg.op
    def asks(forebay: ForebayResource) -> str:
        with forebay.get_client() as client:
            return f"{forebay.batch_page('b1')} {client is not None}"

    @dg.job(resource_defs={"forebay": forebay})
    def job() -> None:
        asks()

    assert job.execute_in_process().output_for_node("asks") == "https://forebay.example.com/b/b1 True"


def test_a_token_is_in_no_repr() -> None:
    forebay = ForebayResource(url="https://forebay.example.com", token="fbweb_secret")

    assert "secret" not in repr(forebay)
    assert "secret" not in str(forebay)


@pytest.mark.parametrize(
    "url", ["https://f.example/below", "https://f.example/below/", "https://f.example/below/api/v1"]
)
def test_a_page_lies_beside_the_api(url: str) -> None:
    assert ForebayResource(url=url).batch_page("b1") == "https://f.example/below/b/b1"
