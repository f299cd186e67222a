"""
fr: Où va l’argent, par enveloppe
en: Where the money goes

fr: Accordé, engagé et reste de chaque enveloppe.
en: Granted, committed and unspent in each envelope.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
result = scenario.solve()
result.plot.by_envelope()
