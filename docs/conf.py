"""Sphinx's settings for `make site`; tools/website.py gathers the pages that it reads."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from scaling.version import VERSION

project = "scaling"
release = VERSION
html_title = f"scaling {VERSION}"
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
nb_execution_mode = "off"  # `make notebooks` has executed them
nb_merge_streams = True
myst_heading_anchors = 6  # the names that GitHub gives headings
myst_fence_as_directive = ["math"]
suppress_warnings = ["myst.header"]  # made tables of benchmarks begin at any level

default_role = "py:obj"  # a docstring's `name` is a link where there is such a page, and code anywhere
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
math_number_all = False


def block(translator: Any, node: nodes.math_block) -> None:
    """A formula as MathML, which browsers draw without a script; nothing is fetched from elsewhere."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>\n')
    raise nodes.SkipNode


def inline(translator: Any, node: nodes.math) -> None:
    """A formula within a sentence."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def readable(*event: Any) -> tuple[str | None, str | None]:
    """A signature that Sphinx can parse: a default that a dataclass makes for each object is `...`."""
    signature, returned = event[-2:]
    return signature and signature.replace("<factory>", "..."), returned


def setup(app: Sphinx) -> None:
    """Make MathML the way in which formulas are drawn, and show tables of numbers without colours."""
    app.add_lexer("csv", TextLexer)
    app.connect("autodoc-process-signature", readable)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))


html_math_renderer = "mathml"
