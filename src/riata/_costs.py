"""Sizes at which one way of computing becomes cheaper than another.

Every name ends in its unit: bytes, multiply-adds, stored entries, columns, rows, alphas or
a share. ``benchmarks/costs.py`` fits, for each of them, a problem to which it matters with
a quarter of the size and with four times the size, and prints the ratios of the times.
"""

# --- Designs.

THREADS_ENTRIES = 2**23  # of X, from which a pass uses several threads
GRAM_PANEL_BYTES = 16 * 2**20  # packed rows that a dense Gram matrix is summed from
CENTRED_AFTER_BYTES = 2**20  # of X, from which a Gram matrix is centred after the product
SINGLE_GRAM_FLOPS = 4 * 10**9  # multiply-adds from which one is in single precision
SPARSE_ROW_ENTRIES = 40  # of a row, up to which products are summed row by row
CORRELATIONS_BYTES = 2**26  # of a batch of alphas, whatever the size of X

# --- Chunks. Shares are of the memory limit.

SUMS_PANEL_BYTES = 8 * 2**20  # rows whose products are summed at once
MOMENTS_PANEL_BYTES = 4 * 2**20  # the same of rows in memory, for the folds
VISIT_PANEL_BYTES = 2**20  # rows at which a loss is evaluated at once
VISIT_DENSITY_SHARE = 0.2  # of entries that are stored, up to which rows stay sparse
WHOLE_ROWS_SHARE = 0.3  # of the columns, from which whole rows are multiplied
READ_ALPHAS = 32  # verified by one read
BATCH_SHARE = 0.0625  # for one of several arrays of all alphas
GRAM_SHARE = 0.05  # for the Gram matrix, beside what cached columns leave
GRAM_LEAST_BYTES = 2**21  # of a Gram matrix, whatever the limit
SAMPLE_SHARE = 0.125  # for the rows of a sample, and of the rows for the sample
SAMPLE_LEAST_BYTES = 2**20
SAMPLE_ROWS_PER_COLUMN = 10  # the fewest of a useful sample
SUMMED_GRAMS_SHARE = 0.5  # for the products of all pairs of columns
MODELS_SHARE = 0.1875  # for the quadratic models of one read, which needs three times that
MODELS_LEAST_BYTES = 2**22

# --- Working sets and their Gram matrices.

GRAM_BYTES = 512 * 2**20  # of the largest Gram matrix of a working set
ALL_PAIRS_COLUMNS = 4000  # whose products are all formed, with five times as many rows
ALL_PAIRS_FLOPS = 6 * 10**7  # multiply-adds below which they always are
DENSE_GRAM_COLUMNS = 5000  # up to which descent is along the Gram matrix, not the columns
SPARSE_GRAM_COLUMNS = 2000  # the same of sparse columns, where each has many entries
SPARSE_GRAM_PER_ENTRY = 15  # the same for each entry of a column, from 500 columns on
LAZY_GRAM_FLOPS = 10**7  # multiply-adds from which its columns are formed when needed
LAZY_GRAM_SHARE = 0.08  # of the columns needed, from which it is formed at once
ALL_ALPHAS_COLUMNS = 500  # from which all alphas are solved together on a Gram matrix
ALL_ALPHAS_FACTOR = 32.0  # a multiply-add of that, against one of the active set's
CERTIFIED_ALPHAS = 128  # at once, from a Gram matrix
SCREENING_BYTES = 8 * 2**20  # of residuals that are references of screening
SCREENING_ENTRIES = 2 * 10**5  # of X, from which a pass is worth shortening

# --- Newton's method.

HESSIAN_BYTES = 32 * 2**20  # of the columns that are copied for Hessians
HESSIAN_PANEL_ROWS = 2048  # that are weighted at once
SPARSE_HESSIAN_FACTOR = 8  # time of a multiply-add of a sparse Hessian, in dense ones
NEWTON_FLOPS = 10**6  # multiply-adds below which a model of a path has all columns
LOOP_COLUMNS = 150  # up to which Newton's method is a compiled loop over alphas
LOOP_ENTRIES = 2 * 10**5  # of X, likewise
WHOLE_MODEL_COLUMNS = 150  # up to which a model has all columns of the working set
MODEL_STEP_COLUMNS = 16  # that a smaller model is given at once
CHEAP_HESSIAN_FLOPS = 10**7  # multiply-adds of one that is renewed often
OWN_HESSIAN_FLOPS = 10**9  # multiply-adds of one that all alphas share
ACTIVE_SET_COLUMNS = 500  # of a model that is solved by following its active set
COUPLED_SMOOTH_COEFS = 250  # of all outputs with L2 only, from which no Hessian is formed
COUPLED_COEFS = 1500  # of all outputs that share a Gram matrix

# --- Decompositions.

BASIS_ENTRIES = 2**27  # of unpenalised columns that are copied (1 GiB)
BASIS_FLOPS = 10**11  # multiply-adds of an orthonormal basis of theirs
DUAL_BASIS_FLOPS = 10**8  # multiply-adds of one for a dual point
KERNEL_SAMPLES = 3000  # whose kernel is factored
KERNEL_FLOPS = 10**11  # multiply-adds of the kernel
KERNEL_PANEL_BYTES = 16 * 2**20  # columns that it is summed from
SEPARATION_ENTRIES = 2 * 10**7  # of a matrix that is decomposed to find a separation
LINEAR_PROGRAM_ENTRIES = 10**6  # of one that a linear program decides on
FOLD_MOMENTS_BYTES = 64 * 2**20  # of the folds' Gram matrices, whatever the size of X
FOLD_MOMENTS_SHARE = 0.25  # of the size of X
