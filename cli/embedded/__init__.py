"""Runs the embedded default: a Valkey and two worker processes of our own, for one machine and one data folder.

attach.py      a command's side: finds the supervisor of the data folder, or starts it
supervisor.py  a process in a session of its own: owns all of this, and ends when nobody needs it any more
valkey.py      the server; orphan.py ends one that a killed supervisor left
keeper.py      one worker process, started again when it dies
    worker_process.py   what that process runs
    children.py    how such processes are started
home.py        the files in the data folder through which the two sides find each other
"""
