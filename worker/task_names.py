"""Names the task that carries out each step."""

from forebay.governor.states import Step


def task_name(step: Step) -> str:
    """Names the task that carries out a step."""
    return f"forebay.{step}"


#: The step, which is also the queue, that a task belongs to.
STEP_OF_TASK = {task_name(step): step for step in Step}
