"""A local Stripe for the Query Run API: real HTTP, real SQL over generated data, real limits.

The way of a request: server → app → api (key, version, limiters, faults) → reporting (one dialect's shapes)
→ idempotency → lifecycle (slot, task) → engine (trino, rewrites, DuckDB) → spool → downloads.
It shares no code with the client, so that one misreading of the API cannot hide in both.
"""
