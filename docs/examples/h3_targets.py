"""
Page : la plus petite enveloppe pour un objectif
==================================================

*The smallest envelope for a target.* The same page: `tnt-sim target`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.target("departments", "+20").report.html("targets.html")
