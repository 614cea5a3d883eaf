"""Lets tests and people steer a running sandbox."""
