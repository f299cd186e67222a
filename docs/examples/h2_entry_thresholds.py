"""
fr: Page : à partir de quel montant un dossier entre
en: Page: the amount from which an application enters

fr: La même page : `tnt-sim entry-thresholds`.
en: The same page: `tnt-sim entry-thresholds`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.entry_thresholds().report.html("entries.html")
