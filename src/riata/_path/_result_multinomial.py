"""The result of a path with several classes."""

from ._result_outputs import MultiOutputPathResult


class MultinomialPathResult(MultiOutputPathResult):
    """Solutions along a path of a multinomial model.

    All that `PathResult` has, for several classes.

    Attributes
    ----------
    coef : list of scipy.sparse.csc_array of shape (n_features, n_alphas)
        Coefficients of each class.
    intercept : ndarray of shape (n_classes, n_alphas)
    n_active : ndarray of shape (n_alphas,)
        Non-zero coefficients of all classes.
    n_classes : int

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> X = np.repeat(np.eye(3), 5, axis=0)
    >>> path = fit_path(X, np.repeat([0, 1, 2], 5), loss="multinomial", alphas=[0.1])
    >>> path.coefs.shape, path.intercept.shape
    ((3, 3, 1), (3, 1))
    >>> path.predict(np.eye(3), alpha=0.1).argmax(axis=1)
    array([0, 1, 2])
    """

    __module__ = "riata"

    @property
    def n_classes(self):
        """How many classes there are."""
        return self.n_outputs

    def predict(self, X, alpha=None, offset=None):
        """Predicted probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
        alpha : float, optional
            As in `coef_at`. By default all alphas of the path.
        offset : float or array-like of shape (n_samples,) or (n_samples, n_classes), \
                optional
            As of `PathResult.predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples, n_classes, n_alphas)
        """
        return super().predict(X, alpha, offset)

    def plot(self, ax=None, **options):
        """Draw the coefficients against alpha, of up to 12 classes in a panel each; see
        `riata.plots.PathDisplay.from_path`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or a list of them, optional
            One for each class, or one that is divided.
        **options
            ``feature_names``, ``alpha`` (a strength to mark), ``n_labels``, ``classes``
            (what the panels are called), ``class_of_interest`` (a single one, from 0 up).

        Returns
        -------
        matplotlib.axes.Axes
            The first panel.
        """
        return super().plot(ax, **options)
