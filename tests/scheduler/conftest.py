"""Batches are tested in the world of the worker's steps: what they leave in Redis is what steps work on."""

from tests.worker.conftest import world

__all__ = ["world"]
