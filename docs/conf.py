"""Documentation, built without a network: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "Mainspring"
author = "The Mainspring authors"
own = ["command_help", "error_tree", "mutation_table"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", *own]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Mainspring"
html_copy_source = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
default_role = "code"  # what docstrings put in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "separated"
