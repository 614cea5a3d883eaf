"""Tells what became of runs, as Stripe does: by events that can be listed, and by webhooks.

announcing (a change of a run becomes an event, with the faults that strike it) → event_book (what the list shows)
and pushing (what a webhook is sent).
"""
