"""Runs Trino's SQL on DuckDB."""
