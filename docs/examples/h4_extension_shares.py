"""
fr: Page : partager un supplément
en: Page: ways to share an extra amount

fr: La même page : `tnt-sim extension-shares`.
en: The same page: `tnt-sim extension-shares`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.extension_shares("1 M€").report.html("shares.html")
