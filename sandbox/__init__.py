"""Stands in for Stripe's Query Run API, in both its generations: real HTTP, real SQL over generated data, real limits.

The way of a request: server → asgi → api (faults, key, limiters, version) → query_runs (the operations; what a
generation says in its own way: reporting_api, data_api) → replays (idempotency) → lifecycle (slot, task) → engine
(trino, rewrites, DuckDB) → the spool → downloads.
It shares no code with the client, so that one misreading of the API cannot hide in both.
"""
