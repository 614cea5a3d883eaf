"""What the three tasks do, as plain functions: `submit`, `poll`, `download`.

A step gets a run in its custody (`worker/custody.py`), makes one request of Stripe, writes down what that means
(ledger or store first, Redis second), and returns. It never publishes: the next state and the next due time are
all it leaves behind.
"""
