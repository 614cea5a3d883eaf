"""Names the task that carries out each step, and the queue that it belongs into."""

from forebay.governor.states import Step

#: The task that asks the list of events for a lane. It makes a retrieve's kind of request, and shares the looks' queue.
SWEEP_TASK = "forebay.sweep"


def task_name(step: Step) -> str:
    """Names the task that carries out a step."""
    return f"forebay.{step}"


#: The step, which is also the queue, that a task belongs to.
STEP_OF_TASK = {**{task_name(step): step for step in Step}, SWEEP_TASK: Step.POLL}
