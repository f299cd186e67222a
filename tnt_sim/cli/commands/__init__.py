"""Commands of `tnt-sim`, one module each; the docstring of a command is its help text."""
