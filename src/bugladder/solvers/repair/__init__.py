"""The parts of the solver `search`: localisation, operators, ranking and evaluation."""
