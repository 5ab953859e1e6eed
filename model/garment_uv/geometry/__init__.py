"""Triangle meshes and what is measured on them: knows no body, no map and no garment class."""
