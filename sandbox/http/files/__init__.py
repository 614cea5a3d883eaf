"""Serves result files: their URLs, and how they are delivered."""
