"""
Transférer ou étendre
=======================

*Transfer or extend*: what each of them brings, and both.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.extend("110 %", "120 %").plot.gains()
