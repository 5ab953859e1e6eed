"""Clothes that artists drew for the base mesh of the open body, on subjects of ours: a test set of others' cuts."""

__all__ = ["clothes", "performer", "plan"]
