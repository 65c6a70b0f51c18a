"""Sphinx settings. ``make docs`` builds offline, with every warning an error."""

import os
import re
import sys
from importlib.metadata import version as installed_version

sys.path.append(os.path.dirname(__file__))  # for _mathml
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the examples are small

project = "riata"
author = copyright = "The riata developers"
release = version = installed_version("riata")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "_mathml",
]
exclude_patterns = ["_build"]
default_role = "code"
nitpicky = False

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
templates_path = ["_templates"]

# All examples run, in files whose name begins with plot_ or not.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__\.py",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "doc_module": ("riata",),
    "backreferences_dir": "generated/examples",
    "reference_url": {"riata": None},
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "download_all_examples": False,
}
html_theme = "pydata_sphinx_theme"
html_title = f"riata {release}"
html_theme_options = {
    "show_prev_next": False,
    "navbar_center": [],
    "secondary_sidebar_items": {
        "[!g]*": ["page-toc"], "g[!a]*": ["page-toc"], "gallery/*": [],
    },
    "navigation_with_keys": False,
}
html_sidebars = {"**": ["all-pages"]}
html_static_path = ["_static"]
html_css_files = ["riata.css"]
html_show_sourcelink = False


def tidy(app, what, name, obj, options, lines):
    """Liberties of our docstrings that reStructuredText does not take.

    A raw docstring may continue a line with a backslash; in the type of a parameter a
    name such as coef_ is no link.
    """
    text = re.sub(r" *\\\n\s*", " ", "\n".join(lines))
    if getattr(obj, "__module__", "").startswith("sklearn"):  # whose pages are not here
        text = re.sub(r":ref:`(?:[^`<]*<)?([^`>]*)>?`", r"``\1``", text)
    bare = re.compile(r"(?<![\w`])([a-z]\w*_)(?![\w`])")
    lines[:] = [
        start + colon + bare.sub(r"`\1`", kind)
        for start, colon, kind in (line.partition(" : ") for line in text.split("\n"))
    ]


def setup(app):
    """Run `tidy` before numpydoc sees a docstring."""
    app.connect("autodoc-process-docstring", tidy, priority=100)
