"""Penalties: small immutable objects; the strength `alpha` is never part of them."""

from ._elastic_net import ElasticNet

__all__ = ["ElasticNet"]
