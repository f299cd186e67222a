"""
fr: Page : la note de décision
en: Page: the decision note

fr: Avec ses annexes. La même page : `tnt-sim report`.
en: With its annexes. The same page: `tnt-sim report`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().report.html(explain=False)
