"""The science of garment-sweeps: bodies, UV maps, CLOTH3D, networks, losses, metrics, training.

This package knows no scheduler, tracker or object store; `garment_sweeps` imports it, never the reverse. Most rooms
list their public modules in `__all__` and import none: who needs a config or a manifest does not wait for torch.
"""
