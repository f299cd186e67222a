"""
Où va l’argent, par enveloppe
===============================

*Where the money goes.* Accordé, engagé et reste de chaque enveloppe.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
result = scenario.solve()
result.plot.by_envelope()
