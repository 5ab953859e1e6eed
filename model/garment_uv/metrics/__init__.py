"""How far a predicted garment is from the simulated one: S2S, its tables, and the baselines to beat."""
