"""Figures that a change of the code's order must not change: measured small, on the CPU, against what was recorded.

One file a figure, its recorded values in the JSON of the same name beside it. Where a change is meant to change one,
`make figures` records them all anew; the change's description then says which figures and why.
"""
