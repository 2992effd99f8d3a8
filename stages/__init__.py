"""One thin module per DVC stage and per user command; run as `python -m stages.<name>`."""
