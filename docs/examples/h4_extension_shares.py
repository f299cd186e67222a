"""
Page : partager un supplément
===============================

*Ways to share an extra amount.* The same page: `tnt-sim extension-shares`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.extension_shares("1 M€").report.html("shares.html")
