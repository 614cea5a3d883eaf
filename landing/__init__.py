"""From a result's URL to a published object: fetch, verify, publish, manifest."""
