"""Formulas as MathML, which browsers draw themselves: no script, no network."""

import re

from docutils import nodes
from latex2mathml.converter import convert


def mathml(text, **options):
    """A formula, with bars that stand close to what is between them."""
    text = convert(text, **options)
    for bar in ("&#x0007C;", "&#x02016;"):
        close = f'<mo lspace="0" rspace="0">{bar}</mo>'
        text = re.sub(rf"<mo[^>]*>{bar}</mo>", close, text)
    return text


def visit_math(self, node):
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(self, node):
    formula = mathml(node.astext(), display="block")
    self.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_node(nodes.math, override=True, html=(visit_math, None))
    app.add_node(nodes.math_block, override=True, html=(visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
