"""The page of a run, without a browser."""
