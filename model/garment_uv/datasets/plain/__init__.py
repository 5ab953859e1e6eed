"""Raw sequences of any origin as plain files: pictures, an OBJ a garment and frame, and `sequence.json` for the rest.

Whoever has 4D-DRESS, BEDLAM or GarmentCodeData writes this layout; docs/plain_folder.md has a worked example.
"""

__all__ = ["description", "sequence"]
