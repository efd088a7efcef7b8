"""How the documentation site is built (Sphinx); `make docs` calls it. The site holds no address of another host."""

from pathlib import Path

_init = Path(__file__).parent.parent / "src" / "claimlens" / "__init__.py"

project = "ClaimLens"
author = "The ClaimLens authors"
copyright = "2026, The ClaimLens authors"
release = _init.read_text(encoding="utf-8").partition('__version__ = "')[2].partition('"')[0]
version = release

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
# Rule pages are generated; their own index lists them by family, not as a tree.
suppress_warnings = ["toc.not_included"]
exclude_patterns = ["adr/template.md"]

html_theme = "furo"
html_title = f"ClaimLens {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
