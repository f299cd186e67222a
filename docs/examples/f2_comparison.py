"""
fr: Page : deux décisions
en: Page: two decisions

fr: Les mouvements et leurs causes. La même page : `tnt-sim compare`.
en: The moves and their causes. The same page: `tnt-sim compare`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
larger = tnt.read_scenario("../../scenarios/enveloppe-98.yaml")
comparison = tnt.compare(scenario.solve(), larger.solve(), names=["88 M€", "98 M€"])
comparison.report.html("comparison.html")
