"""Judges a query as Trino would, before anybody pays for it: grammar, functions, scopes and types."""
