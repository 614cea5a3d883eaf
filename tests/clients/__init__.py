"""Holds the sandbox, our dialects and docs/api-facts.md against types that were not written here: Stripe's clients'."""
