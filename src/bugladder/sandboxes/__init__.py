"""Where commands run: one plug a file. `local` closes the world with the kernel's own means, without a server."""
