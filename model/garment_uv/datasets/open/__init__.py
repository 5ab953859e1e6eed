"""Open CLOTH3D-layout sequences on the Anny body, and the renderer that pictures them.

`synthesize.synthesize` plans, cuts, drapes and pictures them; the same order gives the same bytes.
"""

__all__ = ["performed", "performer", "renderer", "synthesize"]
