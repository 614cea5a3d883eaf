"""Reads Stripe's lists: tables, events, event destinations, and how their pages lead on."""
