"""A cloth solver: extended position-based dynamics (XPBD) of several garments on moving bodies.

`sheets.Sheet` is one garment ready to be simulated, `solver.Solver` steps sheets through time, `judge` says whether
what came out can be used.
"""

__all__ = ["fabrics", "judge", "sheets", "solver"]
