"""The champion: which model version it is, how it got there, and the way back."""

from garment_sweeps.promotion.champion import CHAMPION, champion_folder, rollback
from garment_sweeps.promotion.promote import Promotion, promote

__all__ = ["CHAMPION", "Promotion", "champion_folder", "promote", "rollback"]
