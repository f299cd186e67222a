"""
fr: Page : la page du planificateur
en: Page: the planner’s page

fr: `tnt-sim app scenarios/tnt-2021.yaml` l’ouvre. L’image a été prise dans Chromium.
en: `tnt-sim app scenarios/tnt-2021.yaml` opens it. The picture was taken in Chromium.
"""

from pathlib import Path

Path("../pictures/app-wide.png")
