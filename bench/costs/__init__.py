"""Measures what work costs, row by row of the table of `bench/cost.py`."""
