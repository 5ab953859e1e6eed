"""Raw sequences in CLOTH3D's layout: read, written, projected and cropped.

`sequence.Sequence.open(folder).frame(t)` reads, `writer.write_sequence` writes, `camera` says where points fall.
"""

__all__ = ["camera", "info", "sequence", "video", "writer"]
