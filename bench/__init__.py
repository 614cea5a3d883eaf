"""Measures what takes minutes: each file here is one command, and its short form is a test."""
