"""Lands one result over a whole organization as one object for each account."""
