"""cv_path: cross-validation of whole paths."""

import numpy as np

from .._cross_validation._folds import as_folds, splitter_of
from .._cross_validation._scores import scorer_of
from .._validation import check_callable, check_real
from ..losses import get_loss
from ._cv_base import name_of
from ._glm_cv import GeneralizedLinearClassifierCV, GeneralizedLinearRegressorCV
from ._multi_task import TargetsCV


def cv_path(
    X, y, *, loss="squared", l1_ratio=1.0, penalty=None, alphas=100,
    alpha_min_ratio=1e-3, cv=None, groups=None, scoring=None, fit_intercept=True,
    standardize=False, sample_weight=None, offset=None, penalty_factor=None, lower=None,
    upper=None, tol=1e-6, max_iter=1000, n_threads=None, n_jobs=None, time_limit=None,
    verbose=0, callback=None,
):
    """Cross-validate regularization paths over alphas and l1_ratios.

    Parameters
    ----------
    X : array-like, sparse or riata.Chunks of shape (n_samples, n_features)
        For the squared loss and many more rows than columns, chunks are read once for
        the paths of all folds.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        As of `fit_path`; for a classification loss, labels of any kind.
    loss : str or riata.losses.Loss, default="squared"
    l1_ratio : float or array-like of float, default=1.0
        One, or several to choose from.
    penalty : riata.penalties.Penalty, optional
        As of `fit_path`.
    alphas : int or array-like of shape (n_alphas,), default=100
    alpha_min_ratio : float in (0, 1), default=1e-3
        Ratio of the last alpha of an automatic grid to the first.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (stratified for classes), a splitter
        of scikit-learn, or an iterable of pairs of train and test indices.
    groups : array-like of shape (n_samples,), optional
        Group labels, for a splitter that keeps groups together.
    scoring : str, callable, or list of them, optional
        None means minus the mean deviance, which is always among the metrics. Otherwise
        scorers of scikit-learn, or functions ``scorer(estimator, X, y)``;
        `CVResult.select` uses the first by default.
    fit_intercept, standardize, sample_weight, offset, penalty_factor, lower, upper, \
    tol, max_iter, n_threads
        As of `fit_path`; weights are used for fits and scores.
    n_jobs : int, optional
        Number of folds that are fitted concurrently, in threads.
    time_limit : float, optional
        Seconds for the whole call, shared evenly among the paths.
    verbose : int, default=0
        Amount of messages about the folds.
    callback : callable, optional
        Called after each fold with ``fold``, ``n_folds``, ``seconds`` and ``scores``; a
        true answer ends the call with the finished folds.

    Returns
    -------
    CVResult

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed, before anything is computed.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If a fit ends before the tolerance is reached.

    Notes
    -----
    Ctrl-C raises `Interrupted`, a `KeyboardInterrupt` with the finished folds as its
    `result`.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import cv_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = rng.poisson(np.exp(X[:, 2]))
    >>> cv = cv_path(X, y, loss="poisson", l1_ratio=[0.5, 1.0], alphas=20, cv=3)
    >>> cv.mean_score().shape
    (2, 20)
    >>> int(np.argmax(cv.select("1se").coef))
    2
    """
    loss = get_loss(loss)
    check_real(
        alpha_min_ratio, "alpha_min_ratio", low=0.0, high=1.0, low_open=True,
        high_open=True,
    )
    check_callable(callback, "callback")
    kind = GeneralizedLinearRegressorCV
    if loss.classifies:
        kind = GeneralizedLinearClassifierCV
    elif np.ndim(y) == 2 and np.shape(y)[1] > 1:
        kind = TargetsCV
    if groups is not None:
        if np.ndim(groups) != 1 or len(groups) != len(y):
            raise ValueError(
                f"groups has shape {np.shape(groups)}; expected ({len(y)},), one value "
                "for each sample."
            )
        splitter = splitter_of(cv, classifier=loss.classifies)
        cv = as_folds(splitter, X, y, {"groups": groups})
    several = isinstance(scoring, list | tuple)
    if several and not scoring:
        raise ValueError("scoring is empty; pass the name of a scorer, or None.")
    scoring, *more = scoring if several else [scoring]
    model = kind(
        loss, l1_ratio=l1_ratio, penalty=penalty, eps=alpha_min_ratio, alphas=alphas, cv=cv,
        scoring=scoring, fit_intercept=fit_intercept, max_iter=max_iter, tol=tol,
        verbose=verbose, n_jobs=n_jobs, standardize=standardize,
        penalty_factor=penalty_factor, lower=lower, upper=upper, n_threads=n_threads,
        time_limit=time_limit,
    )
    metrics = {name_of(one): scorer_of(model, one) for one in more}
    model._fit(X, y, sample_weight, offset, {}, callback, metrics)
    return model.cv_result_
