"""Batches are tested in the world of the worker's steps: what they leave in Redis is what steps work on."""

from tests.governor.conftest import shared_valkey
from tests.worker.conftest import file_host, shared_file_host, world

__all__ = ["file_host", "shared_file_host", "shared_valkey", "world"]
