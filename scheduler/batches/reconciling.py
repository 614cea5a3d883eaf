"""Ends the reconciliation that a lane waits for, where nothing has to be adopted or restored."""

from forebay.governor.governor import Governor


def take_as_it_is(governor: Governor) -> None:
    """Takes what Redis knows of a lane for all there is, so that its slots are filled."""
    reconciliation = governor.unreconciled()
    if reconciliation is not None:
        governor.reconciled(reconciliation)
