"""Takes an accepted query to the end of its run."""
