"""The parts of the sandbox `docker`: the engine, what a container may do, its images, and what its failures mean."""
