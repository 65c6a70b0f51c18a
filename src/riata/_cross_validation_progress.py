"""Progress of a cross-validation, told to scikit-learn's callbacks where it has them."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class Progress:
    """Tells callbacks of each fold of a fit that is finished.

    Parameters
    ----------
    estimator : object
    n_folds : int
    X, y : array-like
        As given to ``fit``.
    also : callable or None
        Is told, too; a true answer ends the fit with the folds that are finished.
    """

    def __init__(self, estimator, n_folds, X, y, also=None):
        self.estimator, self.also, self.context = estimator, also, None
        if getattr(estimator, "_skl_callbacks", None):
            self.context = estimator._init_callback_context(max_subtasks=n_folds)
            self.context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

    def __call__(self, step):
        """Tell of a `FoldStep`; whether to end."""
        stop = False
        if self.context is not None:
            fold = self.context.subcontext(task_name="fold")
            fold.call_on_fit_task_begin(estimator=self.estimator)
            stop = fold.call_on_fit_task_end(estimator=self.estimator)
        if self.also is not None:
            stop = self.also(step) or stop
        return bool(stop)

    def end(self):
        """Tell of the end of the fit."""
        if self.context is not None:
            self.context.call_on_fit_task_end(estimator=self.estimator)
