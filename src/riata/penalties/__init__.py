"""Penalties: small immutable objects; the strength `alpha` is never part of them."""

from ._base import Penalty
from ._elastic_net import ElasticNet
from ._group import Group, SparseGroup
from ._row_group import RowGroup

__all__ = ["ElasticNet", "Group", "Penalty", "RowGroup", "SparseGroup"]
