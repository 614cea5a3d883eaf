"""Gives assets, sensors and other code of Dagster a client of a deployment: its address, and by which token."""

from __future__ import annotations

import dagster as dg
from pydantic import Field

from forebay_client import Client


class ForebayResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # generic in what it yields, which is itself
    """A deployment of Forebay, behind its `forebay web`.

    `ForebayResource(url=dg.EnvVar("FOREBAY_URL"), token=dg.EnvVar("FOREBAY_TOKEN"))`: Dagster shows the values of
    resources, and of these two only the names of the variables.
    """

    url: str = Field(description="Where `forebay web` is: https://forebay.example.com")
    token: str | None = Field(
        default=None,
        repr=False,
        description="A token of the role operator (`fbweb_…`), from an EnvVar; none where the server asks for none",
    )

    def get_client(self) -> Client:
        """Gives a client, which the caller closes: `with forebay.get_client() as client`."""
        return Client(self.url, token=self.token)

    def batch_page(self, batch_id: str) -> str:
        """Gives the address of a batch's page."""
        return f"{self.url.rstrip('/').removesuffix('/api/v1')}/b/{batch_id}"
