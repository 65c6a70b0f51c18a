"""
Outliers: a penalty does not help, a loss does
==============================================

An L1 penalty is often called robust. It is not: it acts on the *coefficients*, and what an
outlier spoils is the sum of the *errors*. What helps is a loss that grows like the absolute
error where errors are large, such as Huber's. The two are independent of one another, and
may be combined.

The data are spectra of meat and its fat content. In one sample of ten of the training
part, 40 is added to the fat content, a slip of the pen; the test part stays as it is.
"""

import matplotlib.pyplot as plt
import numpy as np

import riata

spectra = riata.datasets.load_spectra()
train = ~spectra.is_test
X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
X /= X.std(axis=1, keepdims=True)
X_train, X_test, y_test = X[train], X[~train], spectra.y[~train]

targets = {"as measured": spectra.y[train]}
spoiled = spectra.y[train].copy()
slips = np.random.default_rng(0).choice(len(spoiled), len(spoiled) // 10, replace=False)
spoiled[slips] += 40.0
targets["one in ten wrong"] = spoiled

# %%
# Along each path the smallest mean absolute error on the test part. To choose the strength
# by the test part flatters all four alike, and more than that: it shows that there is *no*
# strength at which the squared loss copes.

models = {
    "squared loss, L1": ("squared", 1.0),
    "squared loss, L2": ("squared", 0.0),
    "Huber loss, L1": (riata.losses.Huber(2.0), 1.0),
    "Huber loss, L2": (riata.losses.Huber(2.0), 0.0),
}
best = {}
print(f"{'':18}" + "".join(f"{name:>20}" for name in targets))
for model, (loss, l1_ratio) in models.items():
    for name, y_train in targets.items():
        path = riata.fit_path(
            X_train, y_train, loss=loss, l1_ratio=l1_ratio, standardize=True,
            alpha_min_ratio=1e-5,
        )  # fmt: skip
        errors = np.abs(path.predict(X_test) - y_test[:, None]).mean(axis=0)
        best[model, name] = errors.min()
    print(f"{model:18}" + "".join(f"{best[model, name]:20.2f}" for name in targets))

# %%
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
at = np.arange(len(models))
for shift, (name, colour) in zip(
    (0.2, -0.2), zip(targets, ("#0072B2", "#D55E00"), strict=True), strict=True
):
    ax.barh(at + shift, [best[model, name] for model in models], 0.4,
            label=name, color=colour)
ax.set_yticks(at, models)
ax.invert_yaxis()
ax.set_xlabel("mean absolute error on clean test samples, percent fat")
ax.legend()
plt.show()

# %%
# The width of Huber's loss is in units of y and has to be about the size of the honest
# errors; `riata.HuberRegressor` estimates it together with the coefficients. Its limits: it
# is robust against wrong *targets*. A wrong row of X can still pull the fit to itself (such
# samples have a high leverage), and a penalty does not prevent that either.

model = riata.HuberRegressor(alpha=0.01).fit(X_train, spoiled)
print(f"HuberRegressor: scale {model.scale_:.2f}, "
      f"{model.outliers_.sum()} samples count as outliers, {len(slips)} are wrong")
print(f"test error: {np.abs(model.predict(X_test) - y_test).mean():.2f}")
