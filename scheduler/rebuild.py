"""Gets every batch back into a Redis that lost its data, from the ledger and the manifests alone.

A run whose manifest exists has landed; one with a failure on record failed; every other one waits again. Its create
then replays the idempotency key of its attempt, so Stripe answers with the QueryRun that it has: nothing is executed
a second time within the 30 days that Stripe keeps keys.
"""
