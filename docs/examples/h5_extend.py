"""
fr: Page : transférer ou étendre
en: Page: transfer or extend

fr: La même page : `tnt-sim extend`.
en: The same page: `tnt-sim extend`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.extend("110 %").report.html("extend.html")
