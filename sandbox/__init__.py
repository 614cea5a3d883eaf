"""Stands in for Stripe's Query Run API: real HTTP, real SQL over generated data, real limits.

The way of a request: server → asgi → api (faults, key, limiters, version) → reporting_api (one dialect's shapes)
→ replays (idempotency) → lifecycle (slot, task) → engine (trino, rewrites, DuckDB) → the spool → downloads.
It shares no code with the client, so that one misreading of the API cannot hide in both.
"""
