"""
How notebooks are converted to HTML, by JupyterLab's menu File > Save and Export Notebook As and by `jupyter nbconvert`.

The menu asks for pages without scripts. By default, nbconvert then keeps so few tags that the tags of headings, paragraphs and
table heads appear as text in the page. Here it keeps all tags that markdown and tables need; a page still has no script, no
form and no frame.
"""

from pathlib import Path

import bleach
from bleach.css_sanitizer import CSSSanitizer

TEXT = "a abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup ul"
TABLES = "table caption colgroup col thead tbody tfoot tr th td details summary"
ATTRIBUTES = {
    "*": ["class", "id", "style", "title"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "ol": ["start"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
STYLES = CSSSanitizer(allowed_css_properties=["text-align", "overflow-x", "max-width", "color", "font-weight"])


def clean_html(element):
    """The filter of this name in nbconvert's templates."""
    text = element.decode() if isinstance(element, bytes) else str(element)
    return bleach.clean(
        text,
        tags={*TEXT.split(), *TABLES.split()},
        attributes=ATTRIBUTES,
        # Pictures in markdown cells and outputs may be part of the page.
        protocols=["http", "https", "mailto", "data"],
        css_sanitizer=STYLES,
    )


c = get_config()  # noqa: F821  (Jupyter defines it for this file)
c.HTMLExporter.filters = {"clean_html": clean_html}
c.HTMLExporter.template_name = "wide"
c.HTMLExporter.extra_template_basedirs = [str(Path(__file__).parent / "templates")]
