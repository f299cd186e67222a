"""
Une décision en une carte
===========================

*A decision as a card*, as a notebook shows it.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.solve()
