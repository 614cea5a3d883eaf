"""What landed is read by what people read it with. `make readers` installs pandas and polars, and skips nothing."""
