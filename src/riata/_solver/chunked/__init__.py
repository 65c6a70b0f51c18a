"""Solvers for data in chunks."""
