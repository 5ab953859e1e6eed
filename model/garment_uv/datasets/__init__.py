"""Raw sequences: where they come from, CLOTH3D as it is read and written, and open ones of our own making."""
