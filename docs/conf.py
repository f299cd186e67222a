"""How the documentation is built: offline, from the whole repository, so that links work here as on a forge.

`python tools/docs.py build DIR` runs it once for each language, TNT_DOCS_LANGUAGE. `docs/fr` and `docs/en` hold
the same pages, and contributors' pages are in the English site alone. The repository is the source folder.
Notebooks are shown as they are, or executed first when TNT_DOCS_EXECUTE=cache; the gallery is executed with them.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.logging import getLogger

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import site_languages  # noqa: E402

project = "tnt_sim"
author = "The tnt_sim authors"
project_copyright = "The tnt_sim authors, MIT"
release = version_of("tnt-sim")
language = os.environ.get("TNT_DOCS_LANGUAGE", "fr")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_gallery.gen_gallery"]
root_doc = f"docs/{language}/index"
include_patterns = list(site_languages.PAGES[language])
exclude_patterns = list(site_languages.LEFT_OUT[language])

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = os.environ.get("TNT_DOCS_EXECUTE", "off")
nb_execution_timeout = 600
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
"""Controls would load scripts from outside; a page of the site shows their pictures alone."""
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", 35)]
"""A widget with a card for readers, as that of `tnt.explore`, shows the card."""
nb_execution_raise_on_error = True
sphinx_gallery_conf = {
    "examples_dirs": str(site_languages.write_examples(ROOT, language)),
    "gallery_dirs": f"docs/{language}/gallery",
    "filename_pattern": "",
    "within_subsection_order": "FileNameSortKey",
    "plot_gallery": nb_execution_mode != "off",
    "abort_on_example_error": True,
    "image_scrapers": ("gallery_pictures.scrape_picture",),
    "reset_modules": (),
    "capture_repr": ("_repr_html_",),
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "default_thumb_file": str(Path(__file__).parent / "_static" / "table.svg"),
}
"""The gallery is executed with the notebooks; an example whose text is unchanged is not executed again."""

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
default_role = "literal"

smartquotes = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "tnt_sim"
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html", "sidebar/search.html", "other_language.html", "sidebar/scroll-start.html",
        "sidebar/navigation.html", "sidebar/scroll-end.html",
    ]
}  # fmt: skip
html_show_sourcelink = False
html_math_renderer = "mathml"


def _mathml(node: Any, **options: bool) -> str:
    """A formula as MathML; one that cannot be read is a warning with its place."""
    try:
        return str(tex2mathml(node.astext(), **options))
    except MathError as error:
        getLogger(__name__).warning("%s in %s", error, node.astext(), location=node)
        return ""


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(_mathml(node))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def _lead_to_other_site(_app: Any, page: str, source: list[str]) -> None:
    """A link to a page that is only in the other language leads to the other site."""
    source[0] = site_languages.lead_to_other_site(ROOT, language, page, source[0])


def _name_twin(app: Any, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """The sidebar leads to the same page in the other language, or to its first page."""
    twin = site_languages.get_twin(ROOT, language, page)
    context["twin"] = site_languages.get_address(language, page, twin)
    context["twin_label"] = site_languages.SWITCH[language]
    context["twin_language"] = site_languages.OTHER[language]


def setup(app: Any) -> None:
    """Formulas become MathML, which browsers draw themselves: nothing is fetched."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    app.connect("source-read", _lead_to_other_site)
    app.connect("html-page-context", _name_twin)
