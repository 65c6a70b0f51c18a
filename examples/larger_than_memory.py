"""
Larger than memory
==================

Spectra are written to disk in twenty files and fitted from there, without being in memory
as a whole. The path is the one that a fit in memory gives, and so is its certificate.
"""

import tempfile
from pathlib import Path

import numpy as np

import riata

# %%
# Real near-infrared spectra of meat, and its fat. With the differences and products of all
# pairs of wavelengths there are ten thousand columns.

data = riata.datasets.load_spectra()
y = data.y
first, second = np.triu_indices(data.X.shape[1], 1)
one, other = data.X[:, first], data.X[:, second]
A = np.hstack([data.X, one - other, one * other])

# %%
# One file for each twentieth of the columns, and a limit of two thirds of them all.

with tempfile.TemporaryDirectory() as folder:
    for k, part in enumerate(np.array_split(A, 20, axis=1)):
        np.save(Path(folder) / f"columns{k}.npy", np.asfortranarray(part))
    X = riata.open_chunks(folder, axis=1, memory_limit=12 * 2**20)
    print(X)
    path = riata.fit_path(X, y, standardize=True, alpha_min_ratio=0.05)
    print(path)  # with the number of reads of X
    model = riata.LassoCV(standardize=True, eps=0.05, select="1se").fit(X, y)
    print(f"{np.count_nonzero(model.coef_)} columns by cross-validation, "
          f"R2 {model.score(X, y):.3f}")

# %%
# The same in memory.

other = riata.fit_path(A, y, standardize=True, alphas=path.alphas)
difference = abs(path.objective - other.objective).max()
print(f"largest difference of an objective: {difference:.0e}")
