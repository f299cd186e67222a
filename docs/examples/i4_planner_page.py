"""
Page : la page du planificateur
=================================

*The planner’s page*: `tnt-sim app scenarios/tnt-2021.yaml` opens it.
A live page has no copy here: `tools/app_pictures.py` took this picture in Chromium.
"""

from pathlib import Path

Path("../pictures/app-wide.png")
