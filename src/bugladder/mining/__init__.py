"""Makes and re-checks catalog entries by running tests; nothing of it runs when a phase is climbed."""
