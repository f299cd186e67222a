"""
Page : à partir de quel montant un dossier entre
==================================================

*The amount from which an application enters.* The same page: `tnt-sim entry-thresholds`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.entry_thresholds().report.html("entries.html")
