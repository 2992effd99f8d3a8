"""Test commands and the reading of their results, one runner a file."""
