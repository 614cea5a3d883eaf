"""Reads what landed by what people read it with. `make readers` installs pandas and polars, and skips nothing."""
