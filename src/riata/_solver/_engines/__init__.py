"""Engines: solvers of penalised quadratic problems on a working set."""
