"""Serves what comes over HTTP: webhooks of Stripe, and whether this process is in order (extra `web`)."""
