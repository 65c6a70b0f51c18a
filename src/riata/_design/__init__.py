"""Design matrices: products and sums over samples, in memory and in chunks.

A design is a view of X in which column j is ``scale[j] * (x_j - mean[j])``, written x~_j,
with weights of the samples (W). It is in memory (`InMemoryDesign`), in chunks
(`ChunkedDesign`) or known by its moments alone (`riata._problem._moments.MomentDesign`,
without passes). Nothing above asks which: all of them have

Arrays and sizes
    ``n_samples, n_features, nnz, mean, scale``; ``sqnorm`` and ``xty`` (n_features,), the
    weighted squared norms and products with the target; ``deviations()``, the weighted
    standard deviations times the scales.

Passes
    ``correlate(blocks, out, columns, sums=None)``
        ``out = X~[:, columns]' [Q_1, Q_2, ...]`` for blocks Q (n_samples, 1 or `BLOCK`) of
        weighted residuals, whose sums may be given.
    ``subtract_product(columns, B, R)``
        ``R -= X~[:, columns] B``.
    ``gram(columns, new_from=0, single=False)``
        ``X~[:, columns]' W X~[:, columns[new_from:]]``, and whether it was formed in single
        precision: never (False), where that pays (None), if it can be (True).
    ``gram_columns(columns, places, gram)``
        ``gram[:, places] = X~[:, columns]' W X~[:, columns[places]]``.
    ``pack(columns, first, last, out)``
        Copy ``sqrt(W) X~[:, columns]`` for a range of rows.
    ``rows(numbers)``
        Some rows of a dense X as the columns of an array, shifted and scaled.
    ``subtract_means(R)``
        Take the weighted means off R; returns weighted sums and sums of squares.
    ``reweighted(weights)``, ``measure(columns)``
        The design with other weights; its ``mean`` and ``sqnorm`` of some columns.
    ``expect(likelihood)``, ``keep(columns)``
        Which columns may be needed next, and which are now: those that are to be in memory.
    ``visit(rows, columns, B, shift, groups)``
        Losses, gradients and quadratic models at several points in one pass over the rows
        (`riata._design._visit`); only where ``visits`` is true.

Costs
    ``in_memory``
        Whether a pass costs arithmetic alone.
    ``has_rows``
        Whether there are passes at all: not where only the moments are known.
    ``visits``
        Whether a pass reads rows, so that as much as possible is to be made of each.
    ``columns_apart``
        Whether a few columns cost less than all.
    ``contiguous_columns``
        Whether dense columns can be multiplied where they are.
    ``sparse``, ``column_nnz(columns)``
        Whether products are formed from stored entries, and how many a column has.
    ``dense_bytes``
        Size of a dense X in memory, whose ``rows`` can be copied; else 0.
    ``batch_width()``
        How many residuals to correlate at once.
    ``gram_capacity(size)``
        For how many columns there is room in a Gram matrix.
    ``cancellation_factor``
        How much larger the sums behind a Gram matrix are than its entries.
    ``precision``
        Relative distance of two numbers of X's type.
"""
