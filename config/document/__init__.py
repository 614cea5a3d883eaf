"""Defines the spec file `forebay.yaml`: what it may say, a file a part, and reading it (`load_spec.py`)."""
