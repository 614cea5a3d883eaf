"""Exports figures for Prometheus: read from Redis and from small records of the ledger when somebody asks."""
