"""
fr: Deux décisions, enveloppe par enveloppe
en: Two decisions, envelope by envelope
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
larger = tnt.read_scenario("../../scenarios/enveloppe-98.yaml")
comparison = tnt.compare(scenario.solve(), larger.solve(), names=["88 M€", "98 M€"])
comparison.plot.envelopes()
