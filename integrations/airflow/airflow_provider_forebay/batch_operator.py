"""Asks queries, or a batch of the spec, as a task: once for each dag, task, run and map index, whatever is retried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from airflow.sdk import Context

from airflow_provider_forebay.task_key import task_key
from airflow_provider_forebay.waiting_operator import ForebayWaitingOperator
from forebay_client import BatchHandle, BatchStatus, Client, Terms


class ForebayBatchOperator(ForebayWaitingOperator):
    """Submits a batch of queries, waits until all of it has landed, and returns where that is."""

    template_fields: Sequence[str] = (
        *("queries", "definition", "parameters", "key", "to", "account", "connection"),
        "forebay_conn_id",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"queries": "sql"}  # noqa: RUF012 - as Airflow declares it

    def __init__(
        self,
        *,
        queries: Mapping[str, str] | str | None = None,
        definition: str | None = None,
        parameters: Mapping[str, object] | None = None,
        key: str | None = None,
        to: str | None = None,
        format: str | None = None,  # noqa: A002 - what the client calls it
        account: str | None = None,
        connection: str | None = None,
        flow_class: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Takes `queries` (SQL by name, or one text that is called as the task), or the `definition` of a batch.

        A text that ends with .sql is the path of a file, as anywhere in Airflow. `parameters` are values for those of
        the definition. `connection` is one of Forebay's spec, and not of Airflow. The others are terms of the client's
        `submit`, and `key` is made of the task where none is given.
        """
        super().__init__(**kwargs)
        self.queries = queries
        self.definition = definition
        self.parameters = parameters
        self.key = key
        self.to = to
        self.format = format
        self.account = account
        self.connection = connection
        self.flow_class = flow_class

    def ask(self, client: Client, context: Context, after: BatchStatus | None) -> BatchHandle:
        """Submits it under its key, or the next. Raises `ValueError` where it does not say what to ask."""
        if (self.queries is None) == (self.definition is None):
            raise ValueError("either queries= or definition= says what to ask")
        what = self.definition if self.definition is not None else self._named_queries()
        terms = self._terms(context)
        if after and after.key:
            terms["key"] = f"{terms['key']}~{self._repeat(after.key) + 1}"
        return client.submit(what, **terms)

    def is_what_it_asks(self, client: Client, status: BatchStatus, context: Context) -> bool:
        """Goes by the key, which has what is asked in it."""
        key = self._terms(context)["key"]
        return status.key == key or (status.key or "").rpartition("~")[0] == key

    @staticmethod
    def _repeat(key: str) -> int:
        _, mark, last = key.rpartition("~")
        return int(last) if mark and last.isdecimal() else 1

    def _terms(self, context: Context) -> Terms:
        given = {
            "to": self.to,
            "format": self.format,
            "account": self.account,
            "connection": self.connection,
            "params": self.parameters,
        }
        terms = {name: value for name, value in given.items() if value is not None}
        key = self.key
        if key is None:
            ti = context["ti"]
            asked = {"queries": self._named_queries(), "definition": self.definition, **terms}
            key = task_key(ti.dag_id, ti.task_id, ti.run_id, -1 if ti.map_index is None else ti.map_index, asked)
        # Who goes first is no part of what is asked, and may be another in the next try.
        first = {} if self.flow_class is None else {"flow_class": self.flow_class}
        return cast(Terms, {"key": key, **terms, **first})

    def _named_queries(self) -> Mapping[str, str]:
        if isinstance(self.queries, str):
            return {self.task_id.rpartition(".")[2]: self.queries}
        return self.queries or {}
