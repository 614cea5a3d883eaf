"""Holds the contenders: each a module that is started as `python -m bench.peers.NAME JOB`, does the job and ends."""
