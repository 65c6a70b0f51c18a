"""LassoCV and ElasticNetCV: folds times paths, and the choice among them.

Every fold fits one path per `l1_ratio` on its training rows and scores all alphas of it
on its test rows. The alphas come from all of the data, so that a column of scores
belongs to one alpha. The refit is again a path on all of the data; it is kept.
"""

from numbers import Integral, Real
from typing import ClassVar, NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from ._estimators_base import (
    COORDINATE_CHECKS,
    Deadline,
    Fit,
    LinearRegressor,
    Samples,
    check_n_jobs,
    check_verbose,
    fitted_attributes,
    solve_path,
    warn_not_converged,
)
from ._path import LEAST_L1_RATIO, alpha_max, enet_path, lasso_path
from ._validation import (
    check_alphas,
    check_l1_ratio,
    check_real,
    validate_estimator_input,
)

# The grid of a target that no alpha > 0 lets anything explain: scikit-learn's value.
NO_ALPHA = np.finfo(np.float64).resolution


def check_eps(value, name):
    """Raise unless `value` is between 0 and 1."""
    check_real(value, name, low=0.0, high=1.0, low_open=True, high_open=True)


def check_l1_ratios(value, name):
    """Raise unless `value` is a number in [0, 1] or a list of them."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{name} must be a number or a 1-D list of numbers.")
    for ratio in np.atleast_1d(value):
        check_l1_ratio(ratio, name)


def reject_params_without_routing(estimator, params):
    """Raise if extra arguments of fit cannot go anywhere."""
    if params and not get_config()["enable_metadata_routing"]:
        raise ValueError(
            f"{type(estimator).__name__}.fit got unexpected arguments "
            f"{sorted(params)}. They reach the cross-validation splitter only with "
            "sklearn.set_config(enable_metadata_routing=True)."
        )


def as_folds(cv, data, split_params):
    """Return the folds of a splitter as pairs of arrays of row numbers."""
    folds = [
        (as_rows(train), as_rows(test))
        for train, test in cv.split(data.X, data.y, **split_params)
    ]
    if not folds:
        raise ValueError("cv gave no folds; it must give at least one.")
    return folds


def as_rows(fold):
    """Return the rows of one side of a fold (numbers or a mask) as numbers."""
    rows = np.asarray(fold)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise ValueError("cv gave a fold without rows to train or to test on.")
    return rows


class FoldPath(NamedTuple):
    """What is kept of one path fitted on the training rows of one fold."""

    mse: np.ndarray  # (n_alphas,), NaN for alphas the time limit left out
    coef: sparse.csc_array  # (n_features, n_alphas)
    intercept: np.ndarray  # (n_alphas,)
    relative_gap: np.ndarray
    status: list


class Outcome(NamedTuple):
    """How one fit ended."""

    relative_gap: float
    status: str


def fit_fold(data, train, test, l1_ratios, grids, options, deadline, n_turns):
    """Fit and score the paths of one fold, one for each l1_ratio.

    `n_turns` is the number of paths that have to share the time left: those of this
    fold, those of folds that wait for this one to end, and the refit.
    """
    train, test = data.rows(train), data.rows(test)
    if test.sample_weight is not None and not test.sample_weight.any():
        raise ValueError("sample_weight is zero on all test rows of a fold of cv.")
    paths = []
    for i, (l1_ratio, alphas) in enumerate(zip(l1_ratios, grids, strict=True)):
        seconds = deadline.left(n_turns - i)
        path = solve_path(train, alphas, l1_ratio=l1_ratio, seconds=seconds, **options)
        error = path.predict(test.X, offset=test.offset) - test.y[:, None]
        mse = np.average(error**2, axis=0, weights=test.sample_weight)
        paths.append(keep_path(path, mse, len(alphas)))
    return paths


def keep_path(path, mse, n_alphas):
    """Reduce a path to a :class:`FoldPath`, padded to `n_alphas` alphas."""
    n_done = len(path.alphas)
    coef, intercept = path.coef, path.intercept
    if n_done < n_alphas:
        missing = np.full(n_alphas - n_done, np.nan)
        mse = np.concatenate([mse, missing])
        intercept = np.concatenate([intercept, missing])
        indptr = np.pad(coef.indptr, (0, n_alphas - n_done), mode="edge")
        shape = (coef.shape[0], n_alphas)
        coef = sparse.csc_array((coef.data, coef.indices, indptr), shape=shape)
    return FoldPath(mse, coef, intercept, path.relative_gap, list(path.status))


class PathCV(LinearRegressor):
    """What LassoCV and ElasticNetCV share: all but the list of l1_ratios."""

    _parameter_checks: ClassVar = {
        "eps": check_eps,
        "alphas": check_alphas,
        "verbose": check_verbose,
        "n_jobs": check_n_jobs,
        **COORDINATE_CHECKS,
    }

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose the strength of the penalty by cross-validation, then fit with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples, for fitting and for the mean squared error on
            the test rows of a fold. Folds count equally. A float means no weights.
        offset : array-like of shape (n_samples,), default=None
            Known part of the prediction, added to it and not fitted.
        **params : dict
            Arguments for the ``split`` method of `cv`, such as ``groups``. Only with
            scikit-learn's metadata routing enabled.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid. The estimator is left as it was.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If a fit ends before the tolerance is reached.
        """
        reject_params_without_routing(self, params)
        self._check_params()
        if isinstance(sample_weight, Real):
            sample_weight = None
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        data = Samples(*data)
        folds = self._split(data, sample_weight, params)
        l1_ratios = self._l1_ratios()
        grids = self._grids(data, l1_ratios)
        deadline = Deadline(self.time_limit)
        fold_paths = self._fit_folds(data, folds, l1_ratios, grids, deadline)
        fitted = self._refit(data, fold_paths, l1_ratios, grids, deadline)
        self._set_fitted(**fitted, **features)
        return self

    def _l1_ratios(self):
        return [1.0]

    def _split(self, data, sample_weight, params):
        """Return the folds as pairs of index arrays."""
        split_params = {}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            split_params = routed.splitter.split
        return as_folds(check_cv(self.cv), data, split_params)

    def _grids(self, data, l1_ratios):
        """Return the decreasing alphas for each l1_ratio."""
        options = self._path_options()
        for name in ("tol", "max_iter", "n_threads"):
            del options[name]
        # Also where the alphas are given: it checks all of X, with the rows as given.
        largest = alpha_max(
            data.X,
            data.y,
            sample_weight=data.sample_weight,
            offset=data.offset,
            **options,
        )
        if not self._automatic():
            return [check_alphas(self.alphas)] * len(l1_ratios)
        if largest == 0:
            return [np.full(self.alphas, NO_ALPHA)] * len(l1_ratios)
        tops = [largest / (ratio or LEAST_L1_RATIO) for ratio in l1_ratios]
        return [np.geomspace(top, top * self.eps, num=self.alphas) for top in tops]

    def _fit_folds(self, data, folds, l1_ratios, grids, deadline):
        """Fit all folds, several at a time with n_jobs > 1."""
        n_workers = min(effective_n_jobs(self.n_jobs), len(folds))
        options = self._path_options()
        if n_workers > 1 and self.n_threads is None:
            options["n_threads"] = 1

        # Threads: the solver releases the GIL, and the data are not copied.
        return Parallel(n_jobs=self.n_jobs, verbose=self.verbose, prefer="threads")(
            delayed(fit_fold)(
                data,
                train,
                test,
                l1_ratios,
                grids,
                options,
                deadline,
                n_turns=-(-(len(folds) - k) // n_workers) * len(l1_ratios) + 1,
            )
            for k, (train, test) in enumerate(folds)
        )

    def _refit(self, data, fold_paths, l1_ratios, grids, deadline):
        """Choose l1_ratio and alpha, fit the path on all data; return the result."""
        by_ratio = list(zip(*fold_paths, strict=True))  # by_ratio[i][k]: fold k
        mse = np.array([[kept.mse for kept in kepts] for kepts in by_ratio])
        mean_mse = mse.mean(axis=1)
        mean_mse[np.isnan(mean_mse)] = np.inf
        best = int(np.argmin(mean_mse.min(axis=1)))
        path = solve_path(
            data,
            grids[best],
            l1_ratio=l1_ratios[best],
            seconds=deadline.left(),
            **self._path_options(),
        )
        # A time limit may have left out the last alphas, but never the first.
        at = int(np.argmin(mean_mse[best, : len(path.alphas)]))
        outcomes = [
            outcome
            for kept in (path, *(kept for kepts in by_ratio for kept in kepts))
            for outcome in map(Outcome, kept.relative_gap, kept.status)
        ]
        what = "fits (folds, l1_ratios and alphas)"
        warn_not_converged(self, outcomes, what, stacklevel=3)
        fit = Fit.from_path(path, at)
        coef_path = [[kept.coef for kept in kepts] for kepts in by_ratio]
        intercept_path = np.array([[k.intercept for k in kepts] for kepts in by_ratio])
        single = len(l1_ratios) == 1
        return {
            "alpha_": grids[best][at],
            "alphas_": grids[0] if single or not self._automatic() else np.array(grids),
            "l1_ratio_": l1_ratios[best],
            "mse_path_": np.squeeze(np.moveaxis(mse, 2, 1)),
            "path_": path,
            "coef_path_": coef_path[0] if single else coef_path,
            "intercept_path_": np.squeeze(np.moveaxis(intercept_path, 2, 1)),
            **fitted_attributes([fit], data.y, data.X.dtype, self.fit_intercept),
        }

    def _automatic(self):
        return isinstance(self.alphas, Integral)

    def get_metadata_routing(self):
        """Return how metadata given to fit are routed to the splitter.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
            Requests of this estimator and of `cv`.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )


class LassoCV(PathCV):
    """Lasso whose `alpha` is chosen by cross-validation along a path.

    Has the parameters, attributes and methods of :class:`sklearn.linear_model.LassoCV`;
    the parameters after `selection` are riata's own. See :class:`riata.Lasso` for the
    problem that is solved.

    Parameters
    ----------
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default="auto"
        Accepted and without effect: the solver decides by itself which Gram matrices
        it needs, and computes them.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. A fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only,
        which is at least as strict as scikit-learn's result.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    verbose : bool or int, default=False
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `mse_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha with the smallest mean squared error, averaged over the folds.
    l1_ratio_ : float
        Always 1.0.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    path_ : PathResult
        The path on all of the data that `coef_` is taken from.
    coef_path_ : list of n_folds csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold.
    intercept_path_ : ndarray of shape (n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    coef_ : ndarray of shape (n_features,)
        Coefficients for `alpha_`, in the dtype of X.
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    Lasso : The lasso for a given alpha.
    ElasticNetCV : Chooses the mix of penalties, too.
    riata.fit_path : The path alone.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import LassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = 3 * X[:, 2] + 0.1 * rng.standard_normal(60)
    >>> model = LassoCV(alphas=20).fit(X, y)
    >>> model.mse_path_.shape
    (20, 5)
    >>> int(np.argmax(model.coef_))
    2
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit


class ElasticNetCV(PathCV):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation.

    Has the parameters, attributes and methods of
    :class:`sklearn.linear_model.ElasticNetCV`; the parameters after `selection` are
    riata's own. See :class:`riata.ElasticNet` for the problem that is solved.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        Share of the L1 penalty, in [0, 1], or several of them to choose from. 1 is the
        lasso, 0 ridge regression; its automatic alphas are those of ``l1_ratio=1e-3``.
    eps : float, default=1e-3
        Smallest alpha divided by the largest, if the alphas are chosen automatically.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas, or the alphas themselves (>= 0, in any order). The automatic
        ones are spaced evenly on a log scale from the smallest alpha for which all
        (penalized) coefficients are zero on all of the data, for each `l1_ratio`.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default="auto"
        Accepted and without effect: the solver decides by itself which Gram matrices
        it needs, and computes them.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha. None means the default.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. A fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only,
        which is at least as strict as scikit-learn's result.
    cv : int, cross-validation generator or iterable, default=None
        Folds: None for 5 folds, the number of folds (of
        :class:`sklearn.model_selection.KFold`), a splitter, or an iterable of pairs of
        train and test indices.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    verbose : bool or int, default=0
        Amount of messages about the folds.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation, in each fold that of its training rows. Coefficients are reported on
        the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads of a single path. None lets riata decide.
    time_limit : float, default=None
        Seconds for the whole fit, shared evenly among the paths. Alphas that were not
        reached in all folds have a NaN in `mse_path_` and are not chosen.

    Attributes
    ----------
    alpha_ : float
        The alpha with the smallest mean squared error, averaged over the folds.
    l1_ratio_ : float
        The l1_ratio with the smallest mean squared error.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        The alphas, decreasing; of each l1_ratio if there are several and the alphas
        were chosen automatically.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error on the test rows of each fold, without axes of length 1.
    path_ : PathResult
        The path for `l1_ratio_` on all of the data that `coef_` is taken from.
    coef_path_ : list of csc_array of shape (n_features, n_alphas)
        Coefficients of all alphas of each fold: ``coef_path_[fold]`` for a single
        l1_ratio, ``coef_path_[l1_ratio][fold]`` for several.
    intercept_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Intercepts of all alphas of each fold, without axes of length 1.
    coef_ : ndarray of shape (n_features,)
        Coefficients for `alpha_` and `l1_ratio_`, in the dtype of X.
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float
        Duality gap for `alpha_`, in units of the objective.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations for `alpha_`.
    status_ : Status
        How the solver ended for `alpha_`.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    ElasticNet : The elastic net for a given alpha and l1_ratio.
    LassoCV : The L1 penalty alone.
    riata.fit_path : The path alone.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import ElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> y = 3 * X[:, 2] + 0.1 * rng.standard_normal(60)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=20).fit(X, y)
    >>> model.mse_path_.shape
    (2, 20, 5)
    >>> model.l1_ratio_
    1.0
    """

    _parameter_checks: ClassVar = {
        "l1_ratio": check_l1_ratios,
        **PathCV._parameter_checks,
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit

    def _l1_ratios(self):
        return [float(ratio) for ratio in np.atleast_1d(self.l1_ratio)]
