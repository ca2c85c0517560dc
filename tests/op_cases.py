"""The table of ops: one row for each thing that a user can write.

A row is an expression as it stands in a program, the tensors that it names, and how near to
PyTorch the result must be. Nothing else: what the right value, dtype, gradient, error or warning
is, PyTorch says when the row is run (oracle.py). A new op is one row here.

    Row("torch.add(a, b, alpha=2)", PAIRS)

Rows are run on each of their shapes, in each dtype, on memory of every layout, on special values
where the row is elementwise, and by Hypothesis on random inputs (test_ops.py). Where `Near` is not
given, the bits are PyTorch's. Where it is, each library computes a function of its own (exp, the
powers), or adds several rounded terms in an order of its own.
"""

from op_inputs import (
    ADDED,
    ANY,
    APPLIED,
    BITS,
    BOUNDED,
    CUBES,
    EACH,
    HALVES,
    JOINED,
    LAYERS,
    LEAST,
    MATRICES,
    PAIRS,
    POSITIVE,
    PRODUCTS,
    REALS,
    SAME,
    SMALL,
    SOME,
    TRIPLES,
    UNLIKE,
    VECTORS,
    Row,
    Values,
    of,
)  # fmt: skip
from oracle import NUMBERS, Near

ROUNDED = Near(0, 0, 2)  # in the second order the factors of a product are multiplied in turn
AVERAGED = Near(0, 0, 8)  # likewise the terms of a mean are divided before or after they are added
DIVIDED = Near(0, 4, 4, floor=1)  # sums of eight quotients and more are in another order
MULTIPLIED = Near(0, 0.5, 8, cancels=True)  # with two zeros a product of the others is 0. or -0.
MEASURED = Near(4, 4, 16, floor=1)  # powers and roots, and sums of squares in another order
RUNNING = Near(64, 32, 64, floor=1)  # PyTorch's mean of up to 256 float64 terms is rounded as often
# PyTorch divides in the dtype before the conversion, and gets NaN of a subnormal number.
NARROWED = Near(4, 4, 2**30, floor=1)
SMOOTH = Near(2, 8, 16, floor=4)  # exponentials and logarithms, less their sum
EITHER_ZERO = Near(0.5)  # which of 0. and -0. is the larger differs along one vector in PyTorch
SHARED = Near(0.5, 0, 8, floor=1)  # likewise; and equal elements share 1, in parts that cancel
NORMAL = Values(  # by a subnormal number, part of a vector's remainders is NaN in PyTorch
    HALVES.numbers, special=tuple(n for n in HALVES.special if abs(n) != LEAST)
)
SUMMED = NORMAL  # 1, -1 and the least come to that or to 0, by the order in which they are added
TINY = 2.0**-122  # below it a product has underflowed, or not if it was fused with the addition
FINITE = Values(HALVES.numbers, special=(-1.0, -0.0, 0.0, 1.0))
WHOLE = Values((-2, -1.5, 0, 0.5, 3))  # numbers that an integer or a bool can hold, rounded

ARITHMETIC = [
    Row("a + b", PAIRS),
    Row("torch.add(a, b)", PAIRS),
    Row("torch.add(a, b, alpha=2)", PAIRS),
    Row("torch.add(a, b, alpha=-0.5)", PAIRS),
    Row("torch.add(x, 1.5)", EACH),
    Row("torch.add(x, 1.5, alpha=2)", EACH),
    Row("x + 1", EACH),
    Row("2.5 + x", EACH),
    Row("True + x", EACH),
    Row("x + x", EACH),
    Row("a - b", PAIRS),
    Row("torch.sub(a, b, alpha=2)", PAIRS),
    Row("torch.sub(x, 3)", EACH),
    Row("x - 0.5", EACH),
    Row("1 - x", EACH),
    Row("x - x", EACH),
    Row("a * b", PAIRS),
    Row("torch.mul(a, b)", PAIRS),
    Row("x * -0.5", EACH),
    Row("3 * x", EACH),
    Row("x * True", EACH),
    Row("x * x", EACH),
    Row("a / b", PAIRS, DIVIDED),
    Row("torch.div(a, b)", PAIRS, DIVIDED),
    Row("x / 3", EACH),
    Row("torch.div(x, 0)", EACH),
    Row("3 / x", EACH),
    Row("x / x", EACH),
    Row("-x", EACH),
    Row("torch.neg(x)", EACH),
    Row("+x", EACH),
    Row("torch.reciprocal(x)", EACH),
]

DIVISION = [
    Row("a // b", PAIRS),
    Row("torch.floor_divide(a, b)", PAIRS),
    Row("a % b", PAIRS, NUMBERS, NORMAL),
    Row("torch.remainder(a, b)", PAIRS, NUMBERS, NORMAL),
    Row("x % x", EACH),
    *(Row(f"x {sign} {n}", EACH) for sign in ("//", "%") for n in (2, -1.5, 0, True)),
    *(Row(f"{n} // x", EACH) for n in (2, -1.5, 0, True)),
    *(Row(f"{n} % x", EACH, values=NORMAL) for n in (2, -1.5, 0, True)),
    Row("torch.remainder(5, x)", EACH, values=NORMAL),
    *(
        Row(f"torch.div(a, b, rounding_mode={mode})", PAIRS, DIVIDED)
        for mode in ("'floor'", "'trunc'", None)
    ),
    *(
        Row(f"torch.div({operands}, rounding_mode={mode})", EACH)
        for operands in ("x, 2", "x, -0.5", "2, x")
        for mode in ("'floor'", "'trunc'", "None", "'up'", "1")
    ),
]

POWERS = [
    *(Row(f"x ** {n}", EACH) for n in (0, 1, 2, 3, 0.0, 1.0, 2.0, True)),
    *(Row(f"x ** {n}", EACH, Near(0, 2, 3)) for n in (-1, -2)),
    *(Row(f"x ** {n}", EACH, Near(1, 2, 4)) for n in (4, -3, 0.5, -0.5, 1.5, -1.5)),
    Row("torch.pow(x, 2)", EACH),
    Row("torch.square(x)", EACH),
    Row("torch.pow(a, b)", PAIRS, Near(1, 6, 16, floor=8), {"a": POSITIVE, "b": SMALL}),
    Row("a ** b", PAIRS, Near(1, 6, 16, floor=8), SMALL),
    Row("x ** x", EACH, Near(1, 4, 6)),
    *(Row(f"{base} ** x", EACH, Near(1, 2, 2)) for base in (2, 0.5, 1, 0, -2.0)),
    Row("torch.pow(3, x)", EACH, Near(1, 2, 2)),
]

FUNCTIONS = [
    Row("torch.exp(x)", EACH, Near(2, 2, 3), REALS),
    Row("torch.log(x)", EACH, Near(3), POSITIVE),
    Row("torch.sqrt(x)", EACH, Near(1, 2, 8), POSITIVE),
    Row("torch.tanh(x)", EACH, Near(1, 4, 24, floor=1), REALS),
    Row("torch.sigmoid(x)", EACH, Near(1, 4, 6, floor=1), REALS),
    Row("torch.sin(x)", EACH, Near(1, 2, 2, floor=1), REALS),
    Row("torch.cos(x)", EACH, Near(1, 2, 2, floor=1), REALS),
    Row("torch.abs(x)", EACH),
    Row("abs(x)", EACH),
    Row("torch.sign(x)", EACH),
    Row("torch.clone(x)", EACH),
    Row("x.float()", EACH),
    Row("x.double()", EACH),
    Row("x.int()", EACH, values=WHOLE),
    Row("x.long()", EACH, values=WHOLE),
    Row("x.bool()", EACH),
    Row("x.to(torch.float64)", EACH),
    Row("x.to(torch.float32, copy=True)", EACH),
    Row("x.to(dtype=torch.float64)", EACH),
    Row("x.to('cpu')", EACH),
    Row("x.to('cpu', torch.float64)", EACH),
    Row("x.type(torch.float64)", EACH),
    Row("x.type()", EACH),
    Row("a.to(b)", PAIRS),
    Row("a.type_as(b)", PAIRS),
    Row("x.detach()", EACH),
    Row("x.contiguous()", ANY),
    Row("x.t().contiguous()", MATRICES),
]

CHOICES = [
    Row("torch.maximum(a, b)", PAIRS, EITHER_ZERO),
    Row("torch.minimum(a, b)", PAIRS, EITHER_ZERO),
    Row("torch.maximum(x, x)", EACH),
    Row("torch.where(c, a, b)", TRIPLES, values={"c": BITS}),
    Row("torch.where(a > b, a, b)", PAIRS),
    Row("torch.where(x > 0, x, 0)", EACH),
    Row("torch.where(x > 0, x, 0.5)", EACH),
    Row("torch.where(x > 0, 2, x)", EACH),
    Row("torch.where(x > 0, 1, 2)", EACH),
    Row("torch.where(x > 0, 1., 2)", EACH),
    Row("torch.where(x, x, x)", EACH),
    Row("torch.where(x > 0)", ANY),
    Row("a.where(a > b, b)", PAIRS),
    Row("torch.clamp(x, -1, 1)", EACH),
    Row("torch.clamp(x, min=-0.5)", EACH),
    Row("torch.clamp(x, max=0)", EACH),
    Row("torch.clamp(x, min=0)", EACH),
    Row("torch.clamp(x, 0.0, 0.0)", EACH),
    Row("torch.clamp(x, np.bool_(False), np.bool_(True))", EACH),
    Row("torch.clamp((x > 0).long(), np.bool_(True))", EACH),
    Row("torch.full_like(x, np.bool_(True))", EACH),
    Row("torch.full((2,), np.bool_(True))", ANY),
    Row("x.detach().clone().fill_(np.bool_(True))", EACH),
    Row("(x > 0).fill_(np.bool_(True))", EACH),
    Row("torch.clamp(x, 0.5, 2.5)", EACH),
    Row("torch.clamp(x, 2, -1)", EACH),
    Row("torch.clamp(x)", EACH),
    Row("torch.clamp(x, low, high)", BOUNDED, EITHER_ZERO),
    Row("torch.clamp(x, min=low, max=high)", BOUNDED, EITHER_ZERO),
    Row("torch.clamp(a, min=b)", PAIRS, EITHER_ZERO),
    Row("torch.clamp(a, max=b)", PAIRS, EITHER_ZERO),
    Row("torch.clamp(x, torch.tensor(-1.), 1)", EACH),
]

COMPARISONS = [
    *(Row(f"a {sign} b", PAIRS) for sign in ("==", "!=", "<", "<=", ">", ">=")),
    *(Row(f"x {sign} 0.5", EACH) for sign in ("==", "!=", "<", "<=", ">", ">=")),
    *(Row(f"torch.{name}(a, b)", PAIRS) for name in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(Row(f"torch.{name}(x, 1)", EACH) for name in ("eq", "ne", "lt", "le", "gt", "ge")),
    Row("1 < x", EACH),
    Row("x == None", EACH),
    Row("x != 'a'", EACH),
    Row("torch.isnan(x)", EACH),
    Row("torch.isinf(x)", EACH),
    Row("torch.isfinite(x)", EACH),
    Row("torch.logical_not(x)", EACH),
    Row("(a > 0) & (b > 0)", PAIRS),
    Row("(a > 0) | (b > 0)", PAIRS),
    Row("(a > 0) ^ (b > 0)", PAIRS),
    Row("~(x > 0)", EACH),
    *(Row(f"torch.logical_{name}(a, b)", PAIRS) for name in ("and", "or", "xor")),
    Row("torch.logical_and(x, 1)", EACH),
    Row("torch.equal(a, b)", PAIRS),
    Row("torch.isclose(a, b)", PAIRS),
    Row("torch.isclose(x, x + 0.5, rtol=0.5)", EACH),
    Row("torch.isclose(x, x / 3, 0.25, 0.5, equal_nan=True)", EACH),
    Row("torch.isclose(x, x, rtol=-1)", EACH),
    Row("torch.isclose(x, x, atol=-0.5)", EACH),
    Row("torch.allclose(a, b)", PAIRS),
    Row("torch.allclose(x, x)", EACH),
    Row("torch.allclose(x, x, equal_nan=True)", EACH),
    Row("torch.allclose(x, 1)", EACH),
    Row("torch.bitwise_and(a, b)", PAIRS),
    Row("torch.bitwise_or(a, b)", PAIRS),
    Row("torch.bitwise_xor(a, b)", PAIRS),
    Row("torch.bitwise_not(x)", EACH),
    Row("a & b", PAIRS),
    Row("a | b", PAIRS),
    Row("a ^ b", PAIRS),
    Row("~x", EACH),
    Row("x & 1", EACH),
]

NEURAL = [
    Row("torch.relu(x)", EACH),
    Row("x.relu()", EACH),
    Row("torch.nn.functional.relu(x)", EACH),
    Row("torch.nn.functional.relu(x.clone(), inplace=True)", EACH),
    Row("x.clone().relu_()", EACH),
    *(
        Row(f"torch.nn.functional.leaky_relu(x{slope})", EACH)
        for slope in ("", ", 0.5", ", 0", ", 0.0", ", -0.5", ", 1", ", 2.0", ", negative_slope=0.2")
    ),
    *(
        Row(f"torch.nn.functional.leaky_relu(x.clone(), {slope}, inplace=True)", EACH)
        for slope in (0.01, 0.0, 1, -0.5)
    ),
    Row("torch.nn.functional.tanh(x)", EACH, Near(1, 4, 24, floor=1), REALS),
    Row("torch.nn.functional.sigmoid(x)", EACH, Near(1, 4, 6, floor=1), REALS),
]

LOSSES = [
    *(
        Row(f"torch.nn.functional.mse_loss(a, b{options})", inputs, ROUNDED)
        for inputs in (SAME, UNLIKE)
        for options in ("", ", reduction='sum'", ", reduction='none'")
    ),
    Row("torch.nn.functional.mse_loss(a, b, reduction='bogus')", SAME),
    Row("torch.nn.functional.mse_loss(a, b, size_average=False)", SAME),
    Row("torch.nn.functional.mse_loss(a, b, reduce=False)", SAME),
    Row("torch.nn.functional.mse_loss(a, b, reduce=0, size_average=True)", SAME),
    Row("torch.nn.functional.mse_loss(a, b, size_average=0)", SAME),
    Row("torch.nn.functional.mse_loss(x, x)", EACH),
    Row("torch.nn.functional.mse_loss(a, b, weight=b)", SAME, Near(0, 0, 4, floor=1)),
    Row("torch.nn.functional.mse_loss(a, 2.0)", SAME),
    Row("torch.nn.functional.mse_loss([1.0], a)", SAME),
]

DIMS = ("0", "-1", "1", "(0, 1)", "(-1, 0)", "()", "[1]", "5", "(0, 0)")
REDUCTIONS = [
    *(
        Row(f"torch.{name}(x{options})", ANY, AVERAGED, SUMMED)
        for name in ("sum", "mean")
        for options in (
            "", *(f", {dim}" for dim in DIMS), *(f", {dim}, True" for dim in DIMS), ", None, True"
        )
    ),
    *(
        Row(f"x.{name}({options})", CUBES, AVERAGED, SUMMED)
        for name in ("sum", "mean")
        for options in (
            "dim=-2", "axis=0", "dim=1, keepdim=True", "axis=(0, 2), keepdim=True",
            "dim=(0, 1, 2)", "dtype=torch.float64", "dim=0, dtype=torch.float64", "0, keepdim=True",
            "None", "dim=None", "axis=None", "None, keepdim=True", "keepdim=True", "(), True",
        )
    ),
    Row("x.sum(keepdims=True, axis=0)", CUBES, values=SUMMED),
]  # fmt: skip

ONE_DIM = ("", "0", "-1", "1", "0, True", "1, keepdim=True", "5", "1.5", "None", "(0, 1)", "True")
ANY_DIMS = ("", "0", "1", "-1, True", "(0, 1)", "(-1, 0), keepdim=True", "None", "5", "(0, 0)")


def each_call(function: str, dims: tuple[str, ...]) -> list[str]:
    """The function with each of the arguments after the tensor."""
    return [f"torch.{function}(x, {dim})" if dim else f"torch.{function}(x)" for dim in dims]


PRODUCTS_OF_MANY = [
    *(Row(call, ANY, MULTIPLIED, FINITE) for call in each_call("prod", ONE_DIM)),
    Row("x.prod(dim=-2)", CUBES, MULTIPLIED, FINITE),
    Row("x.prod(axis=0, keepdims=True)", CUBES, MULTIPLIED, FINITE),
    Row("x.prod(dtype=torch.float64)", ANY, MULTIPLIED, FINITE),
    Row("x.prod(0, dtype=torch.int64)", ANY, MULTIPLIED, FINITE),
    Row("x.prod(keepdim=True)", ANY),
    Row("x.prod(0, keepdim=1)", ANY),
    Row("torch.prod([1.0])", ANY),
    Row("x.sum(dtype=torch.int64)", ANY),
    Row("x.sum(0, keepdim=1)", ANY, values=SUMMED),
    Row("(x > 0).sum(dtype=torch.int32)", ANY),
]

QUESTIONS = [
    *(Row(call, ANY) for name in ("any", "all") for call in each_call(name, (*ANY_DIMS, "()"))),
    Row("(x > 0).all(axis=0, keepdims=True)", CUBES),
    Row("(x > 0).any(1)", CUBES),
]

STATISTICS = [
    *(  # the second slopes of numbers that lie 1e-45 apart are as large, and what they cancel to
        Row(call, ANY, RUNNING, NORMAL)
        for name in ("var", "std")
        for call in each_call(
            name,
            (*ANY_DIMS, "True", "False", "0, False", "1, True, True", "0, 1", "unbiased=False",
             "correction=0", "dim=0, correction=2", "0, correction=0.5", "correction=None",
             "correction=7", "0, correction=9", "keepdim=True", "axis=0, keepdims=True",
             "0, unbiased=False, correction=1"),
        )
    ),
    *(  # the square of the least number is lost, or not, by the way that PyTorch takes
        Row(call, ANY, MEASURED, NORMAL)
        for call in each_call(
            "norm",
            ("", "2", "1", "0", "3", "1.5", "0.5", "-1", "inf", "-inf", "'fro'", "'fro', 0",
             "2, 1", "inf, (0, 1), True", "1, -1, True", "dim=0", "p=3, dim=(0, 1)", "'inf'",
             "2, 5", "2, ()", "dtype=torch.int64",
             "p=None, dim=0", "2, 0, 1", "[2]", "-inf, 0", "torch.tensor(2)"),
        )
    ),
    Row("x.norm(dtype=torch.float64)", ANY, NARROWED, NORMAL),
    Row("x.norm(2, (0, 2))", CUBES, MEASURED),
    Row("x.norm(inf, -2)", CUBES, MEASURED),
    Row("x.double().norm(dtype=torch.float32)", ANY, MEASURED),
]  # fmt: skip

EXTREMES = [
    *(Row(f"torch.{name}(x)", ANY, EITHER_ZERO) for name in ("max", "min")),
    *(Row(call, ANY) for name in ("max", "min") for call in each_call(name, ONE_DIM[1:])),
    *(
        Row(call, ANY, SHARED)
        for name in ("amax", "amin")
        for call in each_call(name, (*ANY_DIMS, "()", "keepdim=True", "1.5"))
    ),
    *(
        Row(call, ANY)
        for name in ("argmax", "argmin")
        for call in each_call(name, (*ONE_DIM, "keepdim=True", "None, True"))
    ),
    Row("torch.max(a, b)", PAIRS, EITHER_ZERO),
    Row("torch.min(a, other=b)", PAIRS, EITHER_ZERO),
    Row("x.max(dim=-2).values", CUBES),
    Row("x.min(axis=1, keepdims=True).indices", CUBES),
    Row("tuple(x.max(1))", CUBES),
    Row("x.amax(axis=(0, 2), keepdims=True)", CUBES, SHARED),
    Row("x.argmax(axis=1)", CUBES),
    Row("x.max(2.0)", ANY),
    Row("torch.max(2.0)", ANY),
    Row("torch.amax([1.0])", ANY),
]

EXPONENTIALS = [
    *(
        Row(call, ANY, SMOOTH)
        for call in each_call(
            "logsumexp", ("0", "-1", "1, True", "(0, 1)", "5", "(0, 0)", "", "None")
        )
    ),
    *(
        Row(call, ANY, SMOOTH)
        for name in ("softmax", "log_softmax")
        for call in each_call(name, ("0", "-1", "dim=1", "5", "None", "0, torch.float64", "(0, 1)"))
    ),
    Row("x.softmax(axis=1)", CUBES, SMOOTH),
    Row("torch.softmax(x, 0, torch.int64)", of(x=[(2, 3), ()]), SMOOTH),
    Row("torch.log_softmax(x, 0, torch.int64)", of(x=[(2, 3), ()]), SMOOTH),
    Row("x.logsumexp(axis=(0, 2), keepdims=True)", CUBES, SMOOTH),
    *(
        Row(f"torch.nn.functional.{name}(x{dim})", ANY, SMOOTH)
        for name in ("softmax", "log_softmax")
        for dim in ("", ", 0", ", dim=-1, dtype=torch.float64")
    ),
]

LINALG = [
    Row("torch.matmul(a, b)", PRODUCTS, NUMBERS),
    Row("a @ b", PRODUCTS, NUMBERS),
    Row("x @ x", MATRICES, Near(0.5, 0.5, floor=TINY)),
    Row("x.t() @ x", MATRICES, NUMBERS),
    Row("torch.mm(a, b)", PRODUCTS, NUMBERS),
    Row("torch.mv(a, b)", APPLIED, NUMBERS),
    Row("torch.bmm(a, b)", PRODUCTS, NUMBERS),
    Row("torch.dot(a, b)", VECTORS, NUMBERS),
    Row("torch.dot(a, a)", VECTORS, NUMBERS),
    Row("torch.outer(a, b)", VECTORS),
    Row("torch.outer(a, a)", VECTORS, ROUNDED),
    Row("torch.outer(a, 2)", VECTORS),
    *(
        Row(f"torch.addmm(c, a, b{factors})", ADDED, NUMBERS)
        for factors in ("", ", beta=0", ", beta=2, alpha=-0.5", ", alpha=0", ", beta=a")
    ),
    Row("torch.nn.functional.linear(x, w)", LAYERS, NUMBERS),
    Row("torch.nn.functional.linear(x, w, b)", LAYERS, NUMBERS),
    Row("torch.nn.functional.linear(x, w, bias=None)", LAYERS, NUMBERS),
]  # fmt: skip

SHAPES = [
    *(
        Row(f"torch.reshape(x, {shape})", CUBES)
        for shape in ("(-1,)", "(4, -1)", "(2, 12)", "(-1, -1)", "(7,)", "()", "(0, -1)", "[24]")
    ),
    Row("x.reshape(3, -1)", CUBES),
    Row("x.reshape(shape=(-1,))", ANY),
    Row("x.view(size=(-1,))", ANY),
    Row("torch.reshape(x, shape=x.shape)", ANY),
    Row("x.reshape(())", ANY),
    Row("x.reshape(-2, 3)", CUBES),
    Row("x.t().reshape(-1)", MATRICES),
    Row("x.t().reshape(x.shape)", MATRICES),
    Row("x.view(-1)", CUBES),
    Row("x.view((4, 6))", CUBES),
    Row("x.view(2, -1, 2)", CUBES),
    Row("x.view(2.0)", CUBES),
    Row("x.t().view(-1)", MATRICES),
    Row("x.view_as(x)", CUBES),
    Row("x.reshape_as(x)", CUBES),
    Row("torch.ravel(x)", CUBES),
    Row("x.t().ravel()", MATRICES),
    Row("torch.flatten(x)", CUBES),
    Row("torch.flatten(x, 1)", CUBES),
    Row("torch.flatten(x, 0, 1)", CUBES),
    Row("torch.flatten(x, start_dim=-2, end_dim=-1)", CUBES),
    Row("torch.flatten(x, 1, 1)", CUBES),
    Row("torch.flatten(x, 2, 1)", CUBES),
    Row("x.t().flatten()", MATRICES),
    *(
        Row(f"torch.squeeze(x{dim})", CUBES)
        for dim in ("", ", 0", ", 1", ", -1", ", (0, 2)", ", 5", ", dim=0")
    ),
    *(Row(f"torch.unsqueeze(x, {dim})", CUBES) for dim in (0, 1, -1, -2, 3, 9, 1.0)),
    *(
        Row(f"torch.transpose(x, {dims})", CUBES)
        for dims in ("0, 1", "-1, 0", "1, 1", "0, 9", "dim0=0, dim1=2")
    ),
    Row("torch.t(x)", MATRICES),
    Row("x.T", MATRICES),
    Row("x.mT", MATRICES),
    *(
        Row(f"torch.permute(x, {dims})", CUBES)
        for dims in ("(2, 0, 1)", "(0, 1, 2)", "(-1, 0, 1)", "(0, 0, 1)", "(0, 1)", "(0, 1, 9)")
    ),
    Row("x.permute(2, 1, 0)", CUBES),
    Row("x.permute(dims=(2, 1, 0))", CUBES),
    Row("torch.permute(x, dims=(0, 2, 1))", CUBES),
    Row("x.permute([0, 2, 1])", CUBES),
    *(
        Row(f"x.expand({shape})", SOME)
        for shape in (
            "2, 3, 4",
            "(5, -1, -1, -1)",
            "-1, 3, 2",
            "(1, 4)",
            "-1, 2, 3, 4",
            "2, 2, 2",
            "1.0",
        )
    ),
    *(
        Row(f"torch.broadcast_to(x, {shape})", SOME)
        for shape in ("(2, 3, 4)", "[5, -1, -1, -1]", "(4,)", "(1, 3, 2)", "2", "(2, 1.0)")
    ),
    Row("x.broadcast_to(2, *x.shape)", ANY),
    Row("a.expand_as(b)", PAIRS),
    Row("x.expand(2, *x.shape)", ANY),
    Row("x.expand(size=(2, *x.shape))", ANY),
    Row("x.ndim", ANY),
    Row("x.dim()", ANY),
    Row("x.shape", ANY),
    Row("x.size()", ANY),
    Row("x.size(-1)", ANY),
    Row("x.size(7)", ANY),
    Row("x.numel()", ANY),
    Row("x.nelement()", ANY),
    Row("x.element_size()", ANY),
    Row("x.stride()", ANY),
    Row("x.stride(0)", ANY),
    Row("x.is_contiguous()", ANY),
    Row("x.t().is_contiguous()", MATRICES),
    Row("x.is_floating_point()", ANY),
    Row("torch.is_floating_point(x)", ANY),
    Row("torch.is_tensor(x)", ANY),
    Row("torch.numel(x)", ANY),
    Row("torch.numel([1])", ANY),
    Row("x.itemsize", ANY),
    Row("x.nbytes", ANY),
    Row("x.is_cuda", ANY),
    Row("torch.result_type(a, b)", PAIRS),
    Row("torch.result_type(x, 2.5)", ANY),
    Row("torch.result_type(True, x)", ANY),
    Row("torch.promote_types(a.dtype, b.dtype)", PAIRS),
    Row("torch.can_cast(a.dtype, b.dtype)", PAIRS),
    Row("x.is_complex()", ANY),
    Row("x.tolist()", ANY),
    Row("len(x)", ANY),
    Row("tuple(x)", ANY),
]

JOINING = [
    Row("torch.cat([a, b])", JOINED),
    Row("torch.cat((a, b), 1)", JOINED),
    Row("torch.cat([a, b], dim=-1)", JOINED),
    Row("torch.cat([a, b], axis=0)", JOINED),
    Row("torch.cat([a, b], 3)", JOINED),
    Row("torch.cat([a])", JOINED),
    Row("torch.cat([x, x, x])", CUBES),
    Row("torch.cat([a, b.double(), b.long(), b > 0])", JOINED),
    Row("torch.cat([a.long(), b.int()])", JOINED),
    Row("torch.cat([])", ANY),
    Row("torch.cat(x)", ANY),
    Row("torch.cat([x, 1])", ANY),
    Row("torch.stack([a, b])", JOINED),
    Row("torch.stack([a, b], 1)", JOINED),
    Row("torch.stack((a, b), dim=-1)", JOINED),
    Row("torch.stack([a, b], 4)", JOINED),
    Row("torch.stack([x, x])", ANY),
    Row("torch.stack([x])", ANY),
    Row("torch.stack([x, x.double()])", ANY),
    Row("torch.stack([])", ANY),
    Row("torch.unbind(x)", ANY),
    Row("torch.unbind(x, -1)", CUBES),
    Row("torch.split(x, 2)", CUBES),
    Row("torch.split(x, 2, dim=-1)", CUBES),
    Row("torch.split(x, [1, 2], 1)", CUBES),
    Row("torch.split(x, [1, 1], 1)", CUBES),
    Row("torch.split(x, [1, 1], -2)", CUBES),
    Row("torch.split(x, 0)", CUBES),
    Row("torch.split(x, -1)", CUBES),
    Row("torch.chunk(x, 2)", CUBES),
    Row("torch.chunk(x, 3, dim=-1)", CUBES),
    Row("torch.chunk(x, 0)", CUBES),
]

INDICES = [
    "0", "-1", "5", "-4", "...", "None", "()", ":", "1:", ":-1", "::2", "5:", "2:1", "-9:9", "0, 1",
    "0, 1, 2", "0, 1, 2, 0", "0, ...", "..., 0", "..., -1", "..., None", "0, None", "None, 0",
    ":, 0", "0, :", ":, :", "0, 1:", ":, 1:, 0", "None, :, None, 1:", "0, ..., 0", "::2, :, 1:3",
    "1:2, -1", "..., ...", "[0, 1]", "[1, -1, 0]", "[0, 0, 1]", "[]", "[[0, 1], [1, 0]]",
    "[0, 1], [1, 0]", "[0], [1, 2]", "[1], :, [0, 2]", ":, [0, 1]", ":, [0, 1], [1, 0]",
    "0, :, [0, 1]", "[0, 1], 0", "..., [0, 1]", "[0, 1], None", "None, [0, 1]",
    "[[0], [1]], [0, 1]", "0, [0, 1]", "[0, 1], :, 0", "torch.tensor(1)", "torch.tensor([0, 1])",
    "torch.tensor([1, 0]), 0", "torch.tensor([[0]])", "torch.tensor([0, 1], dtype=torch.int32)",
    "torch.tensor([0.5])", "torch.tensor([], dtype=torch.long)", "x > 0", "x == 99",
    "x[:, 0, 0] > 0", "0, x[0] > 0", "x[0, 0] > 0", "..., x[0, 0] > 0", "(x > 0)[:1]",
    "[True, False]", "[True, False, True]", "True", "False", "True, 0", "None, True",
    "torch.tensor(True)", "(x[:, 0, 0] > 0), [0]", "(x[:, 0, 0] > 0), :, [0]", "1.0", "0.5, 0",
    "0, 'a'", "1.5:", "::0", "::-1", "slice(None, None, 2)", "{}", "[0.5]", "[None]", "range(2)",
    "(0, 1)", "(slice(1), 0)",
]  # fmt: skip
INDEXING = [
    *(Row(f"x[{index}]", SOME) for index in INDICES),
    *(Row(f"x[{index}]", of(x=[(3,), ()])) for index in INDICES[:9]),
    *(
        Row(f"x[{index}]", of(x=[(3,)]))
        for index in ("[0, 5]", "[-4]", "torch.tensor([3, 0])", "[0, 5, -9]", "[[1], [-9]]")
    ),
]

IN_PLACE = [
    *(
        Row(f"a.clone().{call}", PAIRS)
        for call in (
            "add_(b)", "add_(b, alpha=2)", "sub_(b)", "sub_(b, alpha=-0.5)", "mul_(b)",
            "copy_(b)", "fill_(b)", "clamp_(b, 2)", "floor_divide_(b)", "bitwise_and_(b)",
            "bitwise_or_(b)", "bitwise_xor_(b)", "div_(b, rounding_mode='floor')",
        )
    ),
    *(
        Row(f"x.clone().{call}", EACH)
        for call in (
            "add_(1.5)", "add_(1, alpha=3)", "sub_(2)", "mul_(-1.5)", "div_(4)", "div_(0)",
            "zero_()", "fill_(2.5)", "fill_(True)", "fill_(torch.tensor(3.))", "clamp_(-1, 1)",
            "clamp_(max=0)", "copy_(torch.tensor(1.5))", "add_(x)", "mul_(x)", "copy_(x)",
            "add_('a')", "mul_(None)", "copy_(2)", "fill_([1])", "fill_('a')",
            "floor_divide_(2)", "floor_divide_(None)", "div_(2, rounding_mode='trunc')",
            "remainder_(-1.5)", "pow_(2)", "pow_(0)", "pow_('a')", "neg_()", "abs_()",
            "reciprocal_()", "square_()", "sign_()", "bitwise_not_()", "bitwise_or_(1)",
        )
    ),
    *(
        Row(f"x.clone().{row.expression[6:-3]}_()", EACH, row.near, row.values)
        for row in FUNCTIONS[:7]
    ),
    *(
        Row(f"operator.{sign}(a.clone(), b)", PAIRS, NUMBERS, NORMAL)
        for sign in ("ifloordiv", "imod", "iand", "ior", "ixor")
    ),
    *(
        Row(f"operator.{sign}(x.clone(), 2)", EACH)
        for sign in ("ifloordiv", "imod", "ipow", "iand", "ior", "ixor")
    ),
    *(Row(f"x.detach().clone().logical_{name}_(x)", EACH) for name in ("and", "or", "xor")),
    Row("x.detach().clone().logical_not_()", EACH),
    Row("a.clone().remainder_(b)", PAIRS, NUMBERS, NORMAL),
    Row("x.clone().pow_(x)", EACH, Near(1, 4, 6)),
    Row("a.clone().clamp_(max=b)", PAIRS, EITHER_ZERO),
    Row("a.clone().div_(b)", PAIRS, DIVIDED),
    Row("x.clone().t().mul_(2)", MATRICES),
    Row("(x * 2)[0].add_(1)", CUBES),
    Row("(x + 1).view(-1).zero_()", CUBES),
]  # fmt: skip

ROWS = [
    *ARITHMETIC, *DIVISION, *POWERS, *FUNCTIONS, *CHOICES, *COMPARISONS, *NEURAL, *LOSSES,
    *REDUCTIONS, *PRODUCTS_OF_MANY, *QUESTIONS, *STATISTICS, *EXTREMES, *EXPONENTIALS, *LINALG,
    *SHAPES, *JOINING, *INDEXING, *IN_PLACE,
]  # fmt: skip
