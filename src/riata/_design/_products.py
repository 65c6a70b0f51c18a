"""Products of a design with blocks of vectors, in panels of the width that kernels take."""

import numpy as np

BLOCK = 8  # vectors side by side, one cache line a row; a single one has its own kernels


def gradient(design, Q, columns):
    """``X~[:, columns]' Q`` for Q (n_samples, count); (n_columns, 1 or BLOCK)."""
    blocks = []
    for first in range(0, Q.shape[1], BLOCK):
        part = Q[:, first:first + BLOCK]
        count = part.shape[1]
        width = 1 if count == 1 else BLOCK
        if count < width:
            part = np.pad(part, ((0, 0), (0, width - count)))
        blocks.append(np.ascontiguousarray(part))
    if hasattr(design, "gradients"):  # of chunks, in one read
        out = np.empty((len(columns), sum(block.shape[1] for block in blocks)))
        design.gradients(blocks, out, columns)
        return out
    parts = [np.empty((len(columns), block.shape[1])) for block in blocks]
    for block, part in zip(blocks, parts, strict=True):
        design.gradient(block, part, columns)
    return parts[0] if len(parts) == 1 else np.hstack(parts)


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


def correlate(design, blocks, out, columns, sums):
    """Set out (n_columns, n_vectors) to ``X~[:, columns]' Q`` for weighted residuals in
    blocks Q (n_samples, 1 or BLOCK), whose sums are known."""
    if hasattr(design, "gradients"):  # of chunks, in one read
        design.gradients(blocks, out, columns)
    elif len(blocks) == 1:
        design.gradient(blocks[0], out, columns, sums[0])
    else:
        part = np.empty((len(columns), BLOCK))
        for k, block in enumerate(blocks):
            design.gradient(block, part, columns, sums[k])
            out[:, k * BLOCK:(k + 1) * BLOCK] = part
