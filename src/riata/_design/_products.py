"""Products of a design with blocks of vectors, in panels of the width that kernels take."""

import numpy as np

from .. import _costs as costs

BLOCK = 8  # vectors side by side, one cache line a row; a single one has its own kernels


def gradient(design, Q, columns):
    """``X~[:, columns]' Q`` for Q (n_samples, count); (n_columns, 1 or BLOCK)."""
    blocks = []
    for first in range(0, Q.shape[1], BLOCK):
        part = Q[:, first:first + BLOCK]
        count = part.shape[1]
        width = 1 if count == 1 else BLOCK
        if count < width:
            part = np.zeros((len(Q), width))
            part[:, :count] = Q[:, first:]
        blocks.append(np.ascontiguousarray(part))
    out = np.empty((len(columns), sum(block.shape[1] for block in blocks)))
    design.correlate(blocks, out, columns)
    return out


def add_product(design, columns, B, out):
    """Add ``X~[:, columns] @ B`` for B (n_columns, count) to the first vectors of `out`
    (n_samples, 1 or a multiple of BLOCK)."""
    if out.shape[1] > BLOCK:
        out[:, :B.shape[1]] += product(design, columns, B)
        return
    block = np.zeros((len(columns), out.shape[1]))
    block[:, :B.shape[1]] = -B
    design.subtract_product(columns, block, out)


def product(design, columns, B):
    """``X~[:, columns] @ B`` for B (n_columns, count); (n_samples, count)."""
    parts = []
    for first in range(0, B.shape[1], BLOCK):
        part = B[:, first:first + BLOCK]
        count = part.shape[1]
        out = np.zeros((design.n_samples, 1 if count == 1 else BLOCK))
        add_product(design, columns, part, out)
        parts.append(out[:, :count])
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def gram_by_panels(design, columns, new_from, single, panel_bytes):
    """``X~[:, columns]' W X~[:, columns[new_from:]]`` from panels of packed rows, and
    whether it is in single precision: never (False), where that pays (None), or always."""
    n, size = design.n_samples, len(columns)
    if single is None:
        # (with fewer rows dependent columns would no longer be recognised)
        single = n >= 4 * size and n * size * (size - new_from) > costs.SINGLE_GRAM_FLOPS
    dtype = np.float32 if single else np.float64
    gram, step = None, max(panel_bytes // (8 * size), 256)
    for first in range(0, n, step):
        last = min(first + step, n)
        panel = np.empty((last - first, size), order="F")
        design.pack(columns, first, last, panel)
        panel = panel.astype(dtype, copy=False)
        part = panel.T @ panel[:, new_from:]
        if gram is None:
            gram = part.astype(float, copy=False)
        else:
            gram += part
    return gram, single


def cancellation_of_means(design):
    """How much larger sums of products are than the entries of a Gram matrix, if the
    means are taken off afterwards."""
    shift = design.mean * design.scale
    return 1.0 + design.n_samples * float((shift * shift).max(initial=0.0))
