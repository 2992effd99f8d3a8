"""A foreign program as a guest in the sandbox: its checkout, and the proxy through which alone it reaches a model."""
