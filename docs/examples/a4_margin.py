"""
fr: Note et montant : la marge
en: Score against amount

fr: Avec les dossiers autour de la limite.
en: With the applications around the margin.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.solve().plot.margin()
