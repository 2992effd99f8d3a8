"""The batch loop: store, executor, retries, opening and closing of sandboxes."""
