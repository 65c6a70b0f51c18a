"""
On a cluster
============

Rows that stand in files are read by the workers of a Dask cluster, and stay there: what
comes back are sums. Here the cluster is two workers in this process; with
``Client("scheduler:8786")`` it is any other.
"""

import tempfile
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from dask import delayed
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits

import riata
from riata.plots import CVCurveDisplay

# %%
# Real scans of handwritten digits, 8 by 8 pixels. Is one odd? Twelve files of 150 rows.

digits = load_digits()
y = (digits.target % 2).astype(float)
folder = tempfile.TemporaryDirectory()
files, rows = [], np.array_split(digits.data, 12)
for k, part in enumerate(rows):
    files.append(Path(folder.name) / f"rows{k}.npy")
    np.save(files[-1], part)
X = da.concatenate([
    da.from_delayed(delayed(np.load)(file), part.shape, dtype=float)
    for file, part in zip(files, rows, strict=True)
])

# %%
# A path of linear regression and those of all folds take one round: what is asked of all
# chunks, and added up. Logistic regression takes a round for each step of Newton's method.
# (Workers that are processes start this file again: in a script of your own, put what
# starts them below ``if __name__ == "__main__":``.)

cluster = LocalCluster(
    n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
)
with Client(cluster) as client, riata.from_dask(X, client=client) as chunks:
    print(chunks)
    linear = riata.cv_path(chunks, y, cv=10)
    print(f"linear: 100 alphas, 10 folds, {chunks.requests} round")
    path = riata.fit_path(chunks, y, loss="logistic")
    print(path)
    cv = riata.cv_path(chunks, y, loss="logistic", cv=5)
cluster.close()
folder.cleanup()

# %%
# What was chosen, and where it looks.

chosen = cv.select("1se")
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
CVCurveDisplay.from_result(cv, ax=left)
largest = np.abs(chosen.coef).max()
image = right.imshow(
    chosen.coef.reshape(8, 8), cmap="RdBu_r", vmin=-largest, vmax=largest
)
right.set(title="Odd where it is red", xticks=[], yticks=[])
fig.colorbar(image, ax=right)
plt.show()
