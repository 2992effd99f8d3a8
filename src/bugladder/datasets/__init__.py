"""Sources of instances, one a file: `pypi` and what it is made of."""
