"""What a path cost, in counts that no machine changes, and in seconds by phase."""

from time import perf_counter


class Phase:
    """Counts the seconds of a block of code as those of a phase."""

    __slots__ = ("begun", "name", "seconds")

    def __init__(self, seconds, name):
        self.seconds, self.name = seconds, name

    def __enter__(self):
        self.begun = perf_counter()

    def __exit__(self, *_):
        self.seconds[self.name] += perf_counter() - self.begun


class Diagnostics:
    """Work done for a path.

    Attributes
    ----------
    passes : float
        Passes over X, in units of one product ``X' r``; eight residuals at once count
        as one.
    columns_touched : int
        Columns of X in those passes, the first included.
    rounds : int
        Inner solves that were verified.
    events : int
        Changes of the active set that the parametric active-set engine followed.
    epochs : int
        Sweeps of coordinate descent.
    newton : int
        Steps of conjugate gradients on the free coefficients.
    hessians : int
        Quadratic models of a loss that is not squared.
    gram : int
        Columns whose products with the working set were formed.
    reads : float or None
        Reads of a matrix in chunks, in units of all of it; None for one in memory.
    requests : int or None
        Requests that were sent to the workers that hold its chunks, a round each.
    engine : list of str
        What solved each alpha: ``"null"`` (no coefficient can move), ``"active set"``,
        ``"descent"``, ``"newton"`` or ``"ridge"``.
    seconds : dict
        Time by phase: ``"setup"``, ``"gram"``, ``"solve"`` and ``"verify"``.
    """

    counts = (
        "passes", "columns_touched", "rounds", "events", "epochs", "newton", "hessians",
        "gram",
    )

    def __init__(self):
        self.passes = 0.0
        self.columns_touched = self.rounds = self.events = self.epochs = 0
        self.newton = self.hessians = self.gram = 0
        self.engine = []
        self.reads = self.requests = None
        self.seconds = dict.fromkeys(("setup", "gram", "solve", "verify"), 0.0)

    def phase(self, name):
        """To be entered by the code whose seconds are to be counted."""
        return Phase(self.seconds, name)

    def add(self, other):
        """Count the work of another solver as well."""
        for name in self.counts:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __repr__(self):
        counts = ", ".join(f"{name} {getattr(self, name):.6g}" for name in self.counts)
        seconds = ", ".join(f"{k} {v:.3g}" for k, v in self.seconds.items())
        engines = {name: self.engine.count(name) for name in dict.fromkeys(self.engine)}
        if self.reads is not None:
            counts += f", reads {self.reads:.4g}, requests {self.requests}"
        return f"<Diagnostics: {counts}; {engines}; seconds: {seconds}>"
