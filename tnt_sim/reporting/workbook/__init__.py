"""Excel workbooks: the decision, its parameters, and the choices of departments."""
