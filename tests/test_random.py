"""The random stream has torch's bits, and behaves as torch's generator does."""

import copy
import importlib.util
import math
import pickle
import subprocess
import sys
import threading
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import random
from minigrad.random import Generator

TORCH = {"float32": torch.float32, "float64": torch.float64}

# From 16 values on, the bits of a float32 normal draw are those of torch's vector code for x86.
VECTOR_BITS = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")

seeds = st.integers(-(2**63), 2**64 - 1)
sizes = st.sampled_from([0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 100])
shapes = st.one_of(sizes.map(lambda n: (n,)), st.sampled_from([(), (3, 5), (4, 4), (2, 0, 3)]))
dtypes = st.sampled_from(["float32", "float64"])
# Down to float32's subnormal numbers, but not to float64's, whose last bit may differ.
reals = st.one_of(st.floats(-10, 10), st.floats(-1e30, 1e30)).filter(
    lambda x: not 0 < abs(x) < 1e-280
)


def pair(seed):
    """A generator of ours and one of torch's, on the same seed."""
    return Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def same_bits(ours, theirs):
    theirs = theirs.numpy()
    return (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape) and (
        ours.tobytes() == theirs.tobytes()
    )


def same_normals(ours, theirs):
    if VECTOR_BITS or theirs.dtype == torch.float64 or theirs.numel() < 16:
        return same_bits(ours, theirs)
    return np.allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-6, equal_nan=True)


def outcome(function, *args):
    """What a call gives, or the class and the first line of its error, in our words."""
    try:
        return function(*args)
    except Exception as error:
        return type(error), str(error).splitlines()[0].replace("torch.Byte", "minigrad.Long")


@pytest.fixture
def shared_stream():
    """For tests that use the stream of the process: both libraries get theirs back."""
    state = random.get_rng_state()
    with torch.random.fork_rng():
        yield random.default_generator
    random.set_rng_state(state)


# ---- the draws, bit for bit


@settings(deadline=None)
@given(seeds, shapes, dtypes)
def test_rand_has_torchs_bits(seed, shape, dtype):
    ours, theirs = pair(seed)
    expected = torch.rand(shape, dtype=TORCH[dtype], generator=theirs)
    assert same_bits(ours.uniform(shape, dtype), expected)


@settings(deadline=None)
@given(seeds, shapes, dtypes, reals, reals)
def test_uniform_between_any_bounds_has_torchs_bits(seed, shape, dtype, a, b):
    ours, theirs = pair(seed)
    low, high = sorted((a, b))
    expected = torch.empty(shape, dtype=TORCH[dtype]).uniform_(low, high, generator=theirs)
    assert same_bits(ours.uniform(shape, dtype, low, high), expected)


@settings(deadline=None)
@given(seeds, dtypes, reals, st.integers(1, 4))
def test_a_value_that_rounds_up_to_the_upper_end_becomes_the_lower_one(seed, dtype, low, steps):
    ours, theirs = pair(seed)
    low = high = np.dtype(dtype).type(low)
    for _ in range(steps):
        high = np.nextafter(high, np.inf, dtype=dtype)
    low, high = float(low), float(high)
    expected = torch.empty(50, dtype=TORCH[dtype]).uniform_(low, high, generator=theirs)
    values = ours.uniform((50,), dtype, low, high)
    assert same_bits(values, expected)
    assert (values < high).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("beyond", [-1, 0, 1, 16, random.CHUNK + 21])
def test_long_draws_are_made_in_parts_of_one_stream(dtype, beyond):
    ours, theirs = pair(5)
    count = random.CHUNK + beyond
    for _ in range(2):
        expected = torch.empty(count, dtype=TORCH[dtype]).uniform_(-0.3, 0.7, generator=theirs)
        assert same_bits(ours.uniform((count,), dtype, -0.3, 0.7), expected)
        expected = torch.empty(count, dtype=TORCH[dtype]).normal_(0.3, 0.7, generator=theirs)
        assert same_normals(ours.normal((count,), dtype, 0.3, 0.7), expected)


def test_a_large_layer_needs_its_own_size_twice_to_be_made():
    minigrad.nn.Linear(2, 2)  # what is made once is made before
    tracemalloc.start()
    layer = minigrad.nn.Linear(1024, 512)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * layer.weight.array.nbytes


@settings(deadline=None)
@given(seeds, shapes, dtypes)
def test_randn_has_torchs_bits(seed, shape, dtype):
    ours, theirs = pair(seed)
    expected = torch.randn(shape, dtype=TORCH[dtype], generator=theirs)
    assert same_normals(ours.normal(shape, dtype), expected)


@settings(deadline=None)
@given(seeds, shapes, dtypes, reals, reals.map(abs))
def test_normal_of_any_mean_and_deviation_has_torchs_bits(seed, shape, dtype, mean, std):
    ours, theirs = pair(seed)
    expected = torch.empty(shape, dtype=TORCH[dtype]).normal_(mean, std, generator=theirs)
    assert same_normals(ours.normal(shape, dtype, mean, std), expected)


@pytest.mark.parametrize("dtype", TORCH)
def test_many_normal_values_have_torchs_bits(dtype):
    ours, theirs = pair(7)
    expected = torch.randn(100_003, dtype=TORCH[dtype], generator=theirs)
    assert same_normals(ours.normal((100_003,), dtype), expected)


@pytest.mark.parametrize("dtype", TORCH)
@pytest.mark.parametrize("size", [3, 20])
@pytest.mark.parametrize(
    ("mean", "std"), [(np.inf, 1), (np.nan, 1), (0, np.inf), (2, 0), (1e300, 1)]
)
def test_normal_at_its_extremes_is_torchs_and_warns_nobody(dtype, size, mean, std):
    ours, theirs = pair(1)
    expected = torch.empty(size, dtype=TORCH[dtype]).normal_(mean, std, generator=theirs)
    np.testing.assert_array_equal(ours.normal((size,), dtype, mean, std), expected.numpy())


@settings(deadline=None)
@given(seeds, shapes, st.integers(-(2**63), 2**63 - 2), st.data())
def test_randint_has_torchs_values(seed, shape, low, data):
    room = 2**63 - 1 - low
    near_2_28 = st.integers(min(room, 2**28 - 2), min(room, 2**28 + 2))
    high = low + data.draw(st.one_of(st.integers(1, min(room, 100)), near_2_28, st.just(room)))
    ours, theirs = pair(seed)
    expected = torch.randint(low, high, shape, generator=theirs)
    assert same_bits(ours.integers(low, high, shape), expected)


@settings(deadline=None)
@given(seeds, st.integers(0, 200))
def test_randperm_has_torchs_order(seed, n):
    ours, theirs = pair(seed)
    assert same_bits(ours.permutation(n), torch.randperm(n, generator=theirs))


DRAWS = {
    "rand": (
        lambda g, n, dtype: g.uniform((n,), dtype),
        lambda g, n, dtype: torch.rand(n, dtype=TORCH[dtype], generator=g),
    ),
    "randn": (
        lambda g, n, dtype: g.normal((n,), dtype),
        lambda g, n, dtype: torch.randn(n, dtype=TORCH[dtype], generator=g),
    ),
    "randint": (
        lambda g, n, dtype: g.integers(0, 10, (n,)),
        lambda g, n, dtype: torch.randint(0, 10, (n,), generator=g),
    ),
    "randperm": (
        lambda g, n, dtype: g.permutation(n),
        lambda g, n, dtype: torch.randperm(n, generator=g),
    ),
}
programs = st.lists(st.tuples(st.sampled_from(sorted(DRAWS)), sizes, dtypes), max_size=8)


@settings(deadline=None)
@given(seeds, programs)
def test_any_sequence_of_draws_stays_in_step_with_torch(seed, program):
    ours, theirs = pair(seed)
    for name, size, dtype in program:
        draw, torch_draw = DRAWS[name]
        assert same_normals(draw(ours, size, dtype), torch_draw(theirs, size, dtype))


# ---- seeds


@pytest.mark.parametrize("seed", [0, 1, -1, 1.5, -1.5, True, "5", 2**64 - 1, -(2**63), np.int64(3)])
def test_manual_seed_takes_what_torch_takes(seed, shared_stream):
    assert random.manual_seed(seed) is shared_stream
    torch.manual_seed(seed)
    assert random.initial_seed() == torch.initial_seed()
    assert same_bits(shared_stream.uniform((3,), "float32"), torch.rand(3))


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, "a", None, math.nan])
@pytest.mark.usefixtures("shared_stream")
def test_manual_seed_refuses_what_torch_refuses_and_goes_on(seed):
    random.manual_seed(1)
    assert outcome(random.manual_seed, seed) == outcome(torch.manual_seed, seed)
    assert random.initial_seed() == 1


@pytest.mark.parametrize("seed", [1.5, "a", None, True, 2**64])
def test_a_generator_wants_a_whole_number(seed):
    assert outcome(Generator().manual_seed, seed) == outcome(torch.Generator().manual_seed, seed)


def test_a_new_generator_starts_where_torchs_does():
    ours, theirs = Generator(device="cpu"), torch.Generator(device="cpu")
    assert ours.initial_seed() == theirs.initial_seed()
    assert same_bits(ours.uniform((4,), "float32"), torch.rand(4, generator=theirs))
    assert str(ours.device) == str(theirs.device)


def test_only_the_cpu_generates():
    with pytest.raises(RuntimeError, match="cuda"):
        Generator("cuda")


def test_seed_starts_anew_from_the_operating_system(shared_stream):
    assert random.seed() != random.seed()
    seed = random.seed()
    assert random.initial_seed() == seed
    unseeded = shared_stream.uniform((3,), "float64")
    assert (Generator().manual_seed(seed).uniform((3,), "float64") == unseeded).all()


def test_without_a_seed_each_process_has_its_own_stream():
    def fresh_start():
        spec = importlib.util.spec_from_file_location("fresh", random.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.initial_seed()

    assert fresh_start() != fresh_start()


# ---- the state


@settings(deadline=None)
@given(seeds, programs, st.sampled_from(sorted(DRAWS)))
def test_a_state_brings_the_stream_back_to_the_same_place(seed, program, name):
    generator = Generator().manual_seed(seed)
    for before, size, dtype in program:
        DRAWS[before][0](generator, size, dtype)
    draw, state = DRAWS[name][0], generator.get_state()
    first = draw(generator, 5, "float64").tobytes()
    other = Generator().set_state(state)
    assert draw(other, 5, "float64").tobytes() == first
    assert other.initial_seed() == generator.initial_seed()
    assert draw(generator.set_state(state), 5, "float64").tobytes() == first


def test_the_shared_stream_has_its_state_too(shared_stream):
    random.manual_seed(3)
    state = random.get_rng_state()
    first = shared_stream.normal((3,), "float32")
    random.set_rng_state(state)
    assert (shared_stream.normal((3,), "float32") == first).all()


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_duplicate_goes_on_by_itself(duplicate):
    generator = Generator().manual_seed(5)
    generator.normal((3,), "float64")
    other = duplicate(generator)
    expected = other.normal((3,), "float64")
    assert (generator.normal((3,), "float64") == expected).all()


@pytest.mark.parametrize(
    ("state", "error", "text"),
    [
        (np.zeros(628), TypeError, "RNG state must be a minigrad.LongTensor"),
        (np.zeros(3, np.int64), RuntimeError, "of size 628 .* size to be 3"),
        (np.full(628, -1), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_a_wrong_state_is_refused_before_anything_changes(state, error, text):
    generator = Generator().manual_seed(9)
    with pytest.raises(error, match=text):
        generator.set_state(state)
    assert generator.initial_seed() == 9


# ---- errors are torch's


def empty(dtype, size=3):
    return torch.empty(size, dtype=getattr(torch, dtype))


@pytest.mark.parametrize("size", [0, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "bool"])
@pytest.mark.parametrize(
    "bounds",
    [(2.5, 1), (0, 1e39), (-1e39, 0), (-3e38, 3e38), (-1.5e308, 1.5e308), (0, np.nan), (np.inf, 1)],
)
def test_uniform_refuses_what_torch_refuses(size, dtype, bounds):
    expected = outcome(empty(dtype, size).uniform_, *bounds)
    found = outcome(Generator().uniform, (size,), dtype, *bounds)
    assert type(found) is np.ndarray if torch.is_tensor(expected) else found == expected


@pytest.mark.parametrize("size", [0, 3])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("std", [-1, -1.5e-9, np.nan, 1])
def test_normal_refuses_what_torch_refuses(size, dtype, std):
    expected = outcome(empty(dtype, size).normal_, 0, std)
    found = outcome(Generator().normal, (size,), dtype, 0, std)
    assert type(found) is np.ndarray if torch.is_tensor(expected) else found == expected


@pytest.mark.parametrize("bounds", [(5, 3), (3, 3), (0, 2**63), (-(2**63) - 1, 3)])
def test_randint_refuses_what_torch_refuses(bounds):
    assert outcome(Generator().integers, *bounds, (2,)) == outcome(torch.randint, *bounds, (2,))


def test_randperm_refuses_a_negative_length():
    assert outcome(Generator().permutation, -1) == outcome(torch.randperm, -1)


# ---- what nobody sees


# Numbers of which no product and no sum leaves the normal range of its dtype.
units = st.floats(-9, 9, width=32).filter(lambda x: x == 0 or abs(x) > 2.0**-54)
normal32 = st.floats(-(2.0**120), 2.0**120, width=32).filter(lambda x: abs(x) > 2.0**-60)
normal64 = st.floats(-(2.0**790), 2.0**790).filter(lambda x: abs(x) > 2.0**-790)
DYADIC = st.builds(math.ldexp, st.integers(-7, 7), st.integers(-40, 40))  # for ties


def nearest(exact, dtype):
    """The number of the dtype that is nearest to a fraction; the even one of two."""
    near = np.dtype(dtype).type(float(exact))
    candidates = [np.nextafter(near, sign * np.inf, dtype=dtype) for sign in (-1, 1)] + [near]
    return min(
        candidates, key=lambda x: (abs(Fraction(float(x)) - exact), x.view(f"i{x.itemsize}") & 1)
    )


@settings(deadline=None, max_examples=200)
@given(units, normal32 | DYADIC, normal32 | DYADIC)
def test_a_float32_product_and_sum_are_rounded_once(x, scale, shift):
    found = random.affine(np.float32([x]), np.float32(scale), np.float32(shift))
    assert found[0] == nearest(Fraction(x) * Fraction(scale) + Fraction(shift), "float32")


@settings(deadline=None, max_examples=200)
@given(units, normal64 | DYADIC, normal64 | DYADIC)
def test_a_float64_product_and_sum_are_rounded_once(x, scale, shift):
    found = random.affine(np.array([x]), np.float64(scale), np.float64(shift))
    assert found[0] == nearest(Fraction(x) * Fraction(scale) + Fraction(shift), "float64")


def test_threads_share_a_stream_without_losing_a_value():
    alone = Generator().manual_seed(2).uniform((4 * 50 * 10,), "float64")
    shared, drawn = Generator().manual_seed(2), []

    def draw():
        for _ in range(50):
            drawn.extend(shared.uniform((10,), "float64").tolist())

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == sorted(alone)


def test_numpys_own_streams_are_left_alone():
    before = np.random.get_state(legacy=False)["state"]
    generator = Generator()
    for draw, _ in DRAWS.values():
        draw(generator, 20, "float32")
    after = np.random.get_state(legacy=False)["state"]
    assert before["pos"] == after["pos"]
    assert (before["key"] == after["key"]).all()


def test_importing_the_module_does_not_import_numpy_random():
    code = "import sys, minigrad.random; sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
