"""Solvers, one a file: each turns a task into a candidate on the bench that it is handed."""
