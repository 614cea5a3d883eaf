"""Takes a result from its URL to a published object: fetch, verify, publish, manifest."""
