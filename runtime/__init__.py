"""Holds what a process works with: configuration, Redis, ledger, stores, clients, each opened once.

Whoever serves a deployment opens it from the same settings by the same function: worker, beat and commands.
"""
