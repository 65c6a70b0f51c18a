"""Tables of the race's results, for the terminal and in Markdown."""

COLUMNS = (
    "solver", "version", "tolerance", "seconds", "worst gap", "non-zeros", "passes",
    "/ best peer", "s (excess)", "note",
)  # fmt: skip


def charged(result, target):
    """Return the run that a solver is charged for, or None.

    It is the first whose gap reaches the target; others follow it if the whole ladder
    was climbed.
    """
    return next((run for run in result["runs"] if run["worst_gap"] <= target), None)


def seconds(result, target):
    """Return the seconds a solver is charged, infinite where it failed."""
    run = charged(result, target)
    return run["seconds"] if run else float("inf")


def excess_seconds(result, target):
    """Return the seconds of the loosest run whose excess reaches the target."""
    times = [run["seconds"] for run in result["runs"] if run["excess"] <= target]
    return times[0] if times else float("inf")


def _number(value, style=".4g"):
    return "" if value in (None, float("inf")) else format(value, style)


def rows(cell):
    """Return the rows of a cell's table as lists of strings, the fastest first."""
    solvers, target = cell["solvers"], cell["target"]
    times = {name: seconds(result, target) for name, result in solvers.items()}
    best_peer = min([v for k, v in times.items() if k != "riata"], default=0)
    table = []
    for name in sorted(solvers, key=times.get):
        result, run = solvers[name], charged(solvers[name], target) or {}
        best_gap = min([r["worst_gap"] for r in result["runs"]], default=None)
        gap = run.get("worst_gap", best_gap)
        reason = result["error"] or "end of the ladder"
        note = "" if run else f"target not reached: {reason}"
        table.append([
            name, result["version"] or "",
            _number(run.get("tolerance"), ".0e"), _number(run.get("seconds")),
            _number(gap, ".1e"), _number(run.get("nonzeros"), "d"),
            _number(run.get("passes"), ".1f"),
            _number(run["seconds"] / best_peer, ".3g") if run and best_peer else "",
            _number(excess_seconds(result, target)), note,
        ])  # fmt: skip
    return table


def cell_table(cell):
    """Return a cell's table as aligned text."""
    lines = [list(COLUMNS), *rows(cell)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in lines)


def describe(cell):
    """Return a cell's size in words."""
    if cell["density"] is None:
        kind = "dense"
    else:
        kind = f"density {cell['density']:.2g}"
    return f"n = {cell['n_samples']:,}, p = {cell['n_features']:,}, {kind}"


def markdown(store):
    """Return all results as a page of Markdown: an overview, then each cell's table."""
    clocks = {
        result["clock"].replace("cpu_", "processor ")
        for cell in store["cells"].values() for result in cell["solvers"].values()
    }  # fmt: skip
    lines = [
        "# Results of the race", "",
        f"Processor: {store.get('machine', 'unknown')}; one thread; times in"
        f" {' or '.join(sorted(clocks))}. See the [README](../README.md) for what is"
        " measured; a solver's note tells which limit it ran into.", "",
        "| cell | size | riata (s) | best peer | its time (s) | peer / riata |"
        " by excess |",
        "| --- | --- | --: | --- | --: | --: | --: |",
    ]  # fmt: skip
    for name, cell in store["cells"].items():
        lines.append(_overview(name, cell))
    for name, cell in store["cells"].items():
        dates = sorted({result["date"] for result in cell["solvers"].values()})
        facts = describe(cell), f"target {cell['target']:g}", ", ".join(dates)
        lines += ["", f"## {name}", "", "; ".join(facts), ""]
        lines += [f"| {' | '.join(COLUMNS)} |", "| --- " * len(COLUMNS) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in rows(cell)]
    return "\n".join(lines) + "\n"


def _overview(name, cell):
    """Return a cell's line: riata beside the best peer, by gap and by excess."""
    solvers, target = cell["solvers"], cell["target"]
    exact = {k: seconds(v, target) for k, v in solvers.items()}
    mild = {k: excess_seconds(v, target) for k, v in solvers.items()}
    ours, ours_mild = exact.pop("riata", None), mild.pop("riata", None)
    best = min(exact, key=exact.get, default="")
    theirs, theirs_mild = exact.get(best), min(mild.values(), default=None)
    ratio = _number(theirs / ours, ".3g") if ours and theirs else ""
    ratio_mild = _number(theirs_mild / ours_mild, ".3g") if ours and theirs_mild else ""
    if theirs == float("inf"):
        best = "none reached it"
    columns = [name, describe(cell), _number(ours), best, _number(theirs), ratio]
    return f"| {' | '.join([*columns, ratio_mild])} |"
