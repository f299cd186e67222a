"""
fr: À partir de quel montant un dossier entre
en: The amount from which an application enters
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.entry_thresholds().plot.entries()
