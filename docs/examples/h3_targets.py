"""
fr: Page : la plus petite enveloppe pour un objectif
en: Page: the smallest envelope for a target

fr: La même page : `tnt-sim target`.
en: The same page: `tnt-sim target`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.target("departments", "+20").report.html("targets.html")
