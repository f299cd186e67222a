"""Rule kinds, one folder each: `rule.py` (rows, reading), `check.py` (second reading), `text.py`, `kind.py`.

In `rule.py`, `…Spec` is what a planner writes, `compile_…` resolves it on the dossiers and the result
implements `CompiledRule`. `compile_…` takes the specification, its path in the scenario, the `Case`, the
measures and the `Offers`; it records defects in the case and returns None when the rule cannot be resolved.
In `check.py`, `add_…_rows` writes the rows of a compiled rule a second time. `kind.py` binds them in a
`RuleKind`, and `registry` lists these. `clashes.py` finds rules of one kind that contradict each other.
"""
