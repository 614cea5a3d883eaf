"""Where bytes rest: S3 and a local folder behind one small interface, and the ledger on top of it."""
