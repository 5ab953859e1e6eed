"""How near registered garments come to the raw ones, on the small open sequences."""


def test_registration_is_as_good_as_it_was(hold, small_set):
    manifest = small_set.manifest
    figures = {
        f"{entry.split}/{name}": {**quality.plain(), "floor_s2s_mm": entry.floor_s2s_mm[name]}
        for entry in manifest.sequences
        for name, quality in entry.quality.items()
    }
    hold(figures, relative=1e-3, absolute=2e-4)
