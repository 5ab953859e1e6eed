"""The one truth of a sweep: its decision log, the study that follows it, and who may write to them."""
