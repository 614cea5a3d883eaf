"""Does what the three tasks are for, as plain functions of a run in hand: `submit`, `poll`, `download`.

`carry_out` takes custody of a run and makes a `Turn` of it; the step makes one request of Stripe, writes down what the
answer means (ledger or store first, Redis second), and returns. It never publishes: the next state and the next due
time are all that it leaves behind.
"""
