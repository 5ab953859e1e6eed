"""The published ablation on CLOTH3D++ (Rial-Farras, Madadi and Escalera, FG 2021), to stand beside our own."""

PUBLISHED_COLUMNS = ("Top", "Tshirt", "Trousers", "Jumpsuit", "Skirt", "Dress", "all")
"""In the published order; 'all' counts every garment once."""

PUBLISHED_MM: dict[str, tuple[float, ...]] = {
    "full": (18.1, 21.6, 15.3, 18.3, 25.6, 21.1, 19.1),
    "- mesh losses": (18.3, 21.9, 15.4, 18.5, 25.1, 21.1, 19.2),
    "- condition on body": (18.9, 22.3, 16.3, 18.3, 26.4, 21.6, 19.5),
    "- displacement maps": (45.6, 44.5, 42.1, 41.4, 47.8, 46.5, 43.7),
    "- local generator": (24.5, 28.3, 23.2, 26.3, 44.9, 32.1, 27.8),
    "- inpainting": (20.9, 24.1, 22.6, 21.3, 42.6, 31.2, 24.9),
}
"""S2S in mm by row, one figure per column. Every row is one removal from the full model."""

ABLATION: dict[str, dict[str, object]] = {
    "full": {},
    "- mesh losses": {"loss.mesh": 0, "loss.normal": 0, "loss.laplacian": 0, "loss.edge": 0},
    "- condition on body": {"generator.condition_on_body": False},
    "- displacement maps": {"generator.target": "position", "generator.frame": "sample"},
    "- local generator": {"generator.local.mode": "none"},
    "- inpainting": {"data.fill": "none", "generator.reading": "nearest"},
}
"""The same rows as changes of our config."""
