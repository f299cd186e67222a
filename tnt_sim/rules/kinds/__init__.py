"""The kinds of rule, one folder each: `rule.py` (rows, reading), `check.py` (second reading), `text.py`."""
