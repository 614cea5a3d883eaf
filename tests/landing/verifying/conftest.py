"""Both kinds of store, as tests of stores have them."""

from tests.store.conftest import local_store, s3_options, s3_store, store

__all__ = ["local_store", "s3_options", "s3_store", "store"]
