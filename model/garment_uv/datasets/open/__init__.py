"""Open CLOTH3D-layout sequences on the Anny body, and the renderer that pictures them."""
