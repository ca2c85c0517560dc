"""How a program reads: what it does not say, and what its comments call things."""

import pytest

import minigrad
from minigrad import nn, optim
from minigrad.program import CompileError, compile


def source_of(step, *args, style="plain"):
    compiled = compile(step, style=style)
    compiled(*args)
    compiled(*args)
    return compiled.source


def test_a_comment_calls_memory_that_is_written_by_its_name():
    t, m = minigrad.zeros(()), minigrad.ones(3)

    def step(x):
        t.add_(1)
        m.mul_(0.5).add_(x)
        return m / t

    for style in ("plain", "buffers"):
        text = source_of(step, minigrad.ones(3), style=style)
        assert "# t = add(t, 1)\n" in text
        assert "# m = add(mul_out, x)\n" in text
        assert "# div_out = div(m, t)\n" in text


def test_arguments_of_a_second_use_of_a_layer_are_named():
    layer = nn.Linear(3, 3)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)

    def step(x):
        layer(x).sum().backward()
        optimizer.step()
        return layer(x).detach()

    assert "= linear(x, weight, bias)\n" in source_of(step, minigrad.ones(2, 3))
    assert "linear(x, ..." not in source_of(step, minigrad.ones(2, 3))


def test_what_an_exponent_decides_is_decided_in_the_formula():
    w = minigrad.ones(3, requires_grad=True)

    def step(x):
        (w * x).pow(2).sum().backward()

    assert " if " not in source_of(step, minigrad.ones(3))


def test_plain_programs_say_no_more_than_needed():
    column, w = nn.Linear(3, 1, bias=False), minigrad.ones(2, 3, requires_grad=True)

    def step(x):
        part = w[:, 1]
        (part.sum() + column(x).sum()).backward()
        return w.grad.norm()

    text = source_of(step, minigrad.ones(4, 3))
    assert "absolute" not in text
    assert "reshape" not in text
    assert ".copy()" not in text.split("return")[0]


def test_a_view_is_made_below_the_comment_for_it():
    layer = nn.Linear(9, 2)
    text = source_of(lambda x: layer(x.T).sum(), minigrad.ones(9, 4), style="buffers")
    lines = [line.strip() for line in text[text.index("def step") :].splitlines()]
    assert lines[lines.index("x_T = x.T") - 1].startswith("# layer_out = linear(")


def test_what_was_made_in_another_shape_is_stored_in_that_of_the_memory():
    def step(x, y):
        x.T.mul_(2)
        y.reshape(-1).add_(1)
        y.reshape(6, 1)[2:].neg_()

    for style in ("plain", "buffers"):
        compiled = compile(step, style=style)
        for k in range(4):
            x, y = minigrad.arange(6.0).reshape(2, 3), minigrad.arange(6.0).reshape(2, 3) * k
            others = x.clone(), y.clone()
            compiled(x, y)
            step(*others)
            assert [x.tolist(), y.tolist()] == [other.tolist() for other in others]


@pytest.mark.parametrize("style", ["plain", "buffers"])
def test_what_was_there_before_a_write_is_returned(style):
    def step(x):
        before = x.clone()
        double = x[..., ::2] * 2
        x[..., ::2] = double
        return before, double.sum() + x[0]

    step = compile(step, style=style)
    for k in range(5):
        before, after = step(minigrad.ones(2, 3) * k)
        assert before.tolist() == [[k] * 3] * 2
        assert after.tolist() == [10 * k, 9 * k, 10 * k]


def test_a_write_into_what_is_expanded_is_refused():
    def step(x):
        x.expand(2, 3)[0] = 1.0
        return x + 0

    with pytest.raises(CompileError, match=r"into a tensor that is expanded:\n.*x.expand"):
        compile(step)(minigrad.ones(1, 3))


def test_no_line_is_too_long():
    net = nn.Sequential(*(nn.Linear(3, 3) for _ in range(6)))

    def a_step_with_a_long_name_that_returns_all_gradients(x):
        net.zero_grad()
        net(x).sum().backward()
        return [p.grad for p in net.parameters()], net(x).detach()

    for style in ("plain", "buffers"):
        text = source_of(
            a_step_with_a_long_name_that_returns_all_gradients, minigrad.ones(2, 3), style=style
        )
        assert max(map(len, text.splitlines())) <= 100


def test_an_update_with_every_option_is_not_too_long_and_a_sum_over_rows_is_told():
    layer = nn.Sequential()
    layer.add_module("a_layer_with_a_long_name", nn.Linear(3, 2))
    optimizer = optim.SGD(
        layer.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True, maximize=True
    )

    def step(x):
        optimizer.zero_grad()
        layer(x).square().mean().backward()
        optimizer.step()

    text = source_of(step, minigrad.ones(4, 3))
    assert max(map(len, text.splitlines())) <= 100
    assert "_bias: grad_a_layer_with_a_long_name_out, summed to its shape\n" in text
