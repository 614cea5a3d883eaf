"""Makes a Celery worker of this process, with the flags that ours need: `forebay worker`, or the embedded default's."""

#: Steps at a time, each in a thread.
CONCURRENCY = 16


def become_worker(queues: str, concurrency: int = CONCURRENCY) -> None:
    """Becomes the worker; returns after its warm shutdown."""
    # Reads settings and makes the Celery app: only a process that becomes a worker may pay for that.
    from forebay.worker.app import app, runtime

    runtime()  # what is wrong with the set-up is one sentence here, and a traceback in the midst of Celery's start
    role = queues.replace(",", "-")
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--queues={queues}",
            f"--concurrency={concurrency}",
            f"--hostname={role}@%h",
            "--loglevel=INFO",
            # Workers of ours learn everything from Redis, nothing from each other.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
