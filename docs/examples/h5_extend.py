"""
Page : transférer ou étendre
==============================

*Transfer or extend.* The same page: `tnt-sim extend`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021-11.yaml")
scenario.analyse.extend("110 %").report.html("extend.html")
