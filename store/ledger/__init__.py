"""Keeps what must never be forgotten: batches, how their runs ended, what was decided about windows."""
