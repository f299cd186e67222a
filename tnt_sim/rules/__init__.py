"""Rules: who may be funded, for how much, and which combinations are feasible.

`protocols` defines what every rule is given and must offer, `linear_terms` the exact linear sums that rules
are made of. `expressions` reads conditions and measures, `offers` the amounts that each dossier (grant
application) may get, `envelopes` the tree of budgets, `kinds` the ten kinds of rule. `second_reading` writes
the rows of every rule a second time, independently, for the proof checker.
"""
