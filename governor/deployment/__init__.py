"""Keeps what a deployment has in Redis beside its lanes."""
