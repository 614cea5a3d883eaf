"""Keeps bytes: S3 and a local folder behind one small interface, and the ledger on top of it."""
