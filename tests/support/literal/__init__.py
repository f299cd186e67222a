"""A literal reader of what is printed of a rule: its formula, and the parameters of its sentences."""
