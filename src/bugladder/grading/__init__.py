"""Controls and grading: the only code above records that is given an Answer and a workspace."""
