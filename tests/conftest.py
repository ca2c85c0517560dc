"""Hypothesis by profile, one torch thread, and no test that leaves the world changed.

`pytest` is quick: what a person runs after each change. CI adds
`pytest --hypothesis-profile thorough -m thorough`: the property tests on many more examples.
HYPOTHESIS_PROFILE in the environment chooses the profile as well.
"""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo  # the first optimiser does it, and adds a filter of warnings
from hypothesis import HealthCheck, is_hypothesis_test, settings

import minigrad
from minigrad import printing
from reference.processor import settle_products

# A person's runs differ, and find new examples; CI's are the same each time, so that it tells
# whether a change is at fault.
IN_CI = "CI" in os.environ

settings.register_profile("default", deadline=None, max_examples=100, derandomize=IN_CI)
settings.register_profile(
    "thorough",
    deadline=None,
    max_examples=1000,
    derandomize=IN_CI,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

settle_products()  # CI's processor, and a reader's, may be of another kind
torch.set_num_threads(1)
torch.set_warn_always(True)  # some of PyTorch's warnings come once in a process otherwise


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: a property test, which CI runs at length")
    gc.disable()  # while modules are imported, which leave nothing to collect


def pytest_collection_finish() -> None:
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("thorough")


def world() -> dict[str, Any]:
    """The global state that a test may use and must leave as it was."""
    state = np.random.get_state(legacy=True)
    return {
        "minigrad's grad mode": minigrad.is_grad_enabled(),
        "torch's grad mode": torch.is_grad_enabled(),
        "torch's threads": torch.get_num_threads(),
        "NumPy's error state": np.geterr(),
        "NumPy's print options": np.get_printoptions(),
        "NumPy's global random state": hash(tuple(np.asarray(part).tobytes() for part in state)),
        "minigrad's print options": repr(vars(printing.options)),
        "the recursion limit": sys.getrecursionlimit(),
        "the warnings filters": list(warnings.filters),
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {before[name]} -> {after[name]}" for name in before if before[name] != after[name]
    ]


@pytest.fixture(autouse=True, scope="module")
def small_heap() -> None:
    """Spare searches for cycles what was there before: torch alone has a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def sealed() -> Iterator[None]:
    """Fail a test that leaves global state changed."""
    before = world()
    yield
    assert changes(before, world()) == []
