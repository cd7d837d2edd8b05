"""Continuous integration: the tests that a commit defines, run at each push."""
