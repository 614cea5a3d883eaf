"""Answers requests as Stripe does, and those that steer the sandbox."""
