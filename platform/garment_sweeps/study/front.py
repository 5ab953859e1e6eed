"""The Pareto front: what no other trial beats in every respect at once."""

from collections.abc import Sequence


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `one` is nowhere worse than `other` and somewhere better; less is better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def pareto_front(points: Sequence[Sequence[float]]) -> list[bool]:
    """For each point, objectives to be small, whether no other one dominates it. Equal points stand together.

    Sorted first, a point can only be dominated by one before it, and then also by one that is on the front.
    """
    order = sorted(range(len(points)), key=lambda index: tuple(points[index]))
    front: list[int] = []
    for index in order:
        if not any(dominates(points[member], points[index]) for member in front):
            front.append(index)
    members = set(front)
    return [index in members for index in range(len(points))]
