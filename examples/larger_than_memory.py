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
# Real near-infrared spectra of meat, and its fat. With the differences of all pairs of
# wavelengths there are a few thousand columns.

data = riata.datasets.load_spectra()
y = data.y
first, second = np.triu_indices(data.X.shape[1], 1)
A = np.hstack([data.X, data.X[:, first] - data.X[:, second]])

# %%
# One file for each twentieth of the columns, and a limit of half of them all.

with tempfile.TemporaryDirectory() as folder:
    for k, part in enumerate(np.array_split(A, 20, axis=1)):
        np.save(Path(folder) / f"columns{k}.npy", np.asfortranarray(part))
    X = riata.open_chunks(folder, axis=1, memory_limit=2**22)
    print(X)
    path = riata.fit_path(X, y, standardize=True)
    print(f"{len(path)} alphas, {path.diagnostics.reads:.1f} reads of X, "
          f"largest relative gap {path.relative_gap.max():.0e}")
    cv = riata.cv_path(X, y, standardize=True, cv=5)
    print(f"{np.count_nonzero(cv.select('1se').coef)} columns by cross-validation")

# %%
# The same in memory.

other = riata.fit_path(A, y, standardize=True, alphas=path.alphas)
difference = abs(path.objective - other.objective).max()
print(f"largest difference of an objective: {difference:.0e}")
