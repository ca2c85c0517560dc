"""All exercises, in the order of the pages."""

from minigrad.course import networks, numbers, training
from minigrad.course.exercise import Exercise, declared

__all__ = ["EXERCISES", "networks", "numbers", "training"]

EXERCISES: dict[str, Exercise] = dict(sorted(declared.items(), key=lambda item: item[1].page))
