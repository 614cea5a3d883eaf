"""Reads what Stripe says by itself of QueryRuns, and wakes the runs that it is about: a hint each, never a truth."""
