"""The kinds of rule, one folder each: `rule.py` (rows and exact reading), `check.py` (second reading),
`text.py`.
"""
