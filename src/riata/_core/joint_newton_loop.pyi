from typing_extensions import disjoint_base

from .newton_loop import NewtonLoop

@disjoint_base
class JointNewtonLoop(NewtonLoop): ...
