"""Small parameters that SGD changes at once: nobody can tell, whatever is done between the steps.

The gradients come from backward: those that a user assigns are changed one by one, and test_sgd.py
has them. Each program runs in both libraries; all bits of all that it leaves are compared.
"""

import copy
import pickle
import warnings
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twins import LIBRARIES, bits

import minigrad
from minigrad.optim import sgd
from minigrad.optim.row import SMALL

SHAPES = [(3, 2), (3,), (1,), (), (2, 0), (2, 1, 2), (SMALL,), (SMALL + 1,)]
STEPS = 7


class Training:
    """Parameters, an optimizer, and the gradients to come; `act` is called before each step."""

    def __init__(self, t, options, shapes=SHAPES, dtype="float32"):
        self.t = t
        self.rng = np.random.default_rng(0)
        self.dtype = dtype
        self.params = [t.nn.Parameter(self.drawn(shape)) for shape in shapes]
        self.optimizer = t.optim.SGD(self.params, **{"lr": 0.1, **options})

    def drawn(self, shape):
        return self.t.tensor(self.rng.standard_normal(shape).astype(self.dtype))

    def backward(self):
        """Leave a random gradient in each parameter that is not frozen."""
        wanted = [p for p in self.params if p.requires_grad]
        sum((p * self.drawn(p.shape).to(p.dtype)).sum() for p in wanted).backward()

    def run(self, act=lambda self, step: None, steps=STEPS):
        for step in range(steps):
            self.optimizer.zero_grad()
            self.backward()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of parameters named twice
                act(self, step)
                self.optimizer.step()
        return self

    def left(self):
        """The bits of all parameters and buffers, and how often the parameters were written."""
        states = [self.optimizer.state.get(p, {}) for p in self.params]
        buffers = [state["momentum_buffer"] for state in states if state]
        return [bits(x).tolist() for x in (*self.params, *buffers)], [
            p._version for p in self.params
        ]


def rows(training):
    return [row.fits for row in training.optimizer.rows.values()]


OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "dampened": {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    "nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "maximize": {"maximize": True, "weight_decay": 0.1},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_rows_have_the_bits(options, dtype):
    ours, theirs = (Training(t, options, dtype=dtype).run() for t in (minigrad, torch))
    assert rows(ours) == [True]
    assert ours.left() == theirs.left()


def test_a_row_takes_the_small_ones_and_leaves_the_others():
    training = Training(minigrad, {}).run()
    (row,) = training.optimizer.rows.values()
    assert row.others == [len(SHAPES) - 1]
    assert len(row.targets) == len(SHAPES) - 1


@pytest.mark.parametrize("shapes", [[(2,), (2,)], [(1,)] * 5, [(SMALL + 1,)] * 3])
def test_what_is_not_several_or_not_small_is_changed_one_by_one(shapes, monkeypatch):
    monkeypatch.setattr(sgd, "change", None)
    assert Training(minigrad, {}, shapes).run().params[0]._version == STEPS


def test_rows_are_in_use_from_the_second_step_and_the_third_with_momentum(monkeypatch):
    counts = []
    monkeypatch.setattr(sgd, "change", lambda apply, tensors, targets, gs: counts.append(len(gs)))
    Training(minigrad, {}, [(3, 2), (3,), (1, 3), (1,)]).run(steps=4)
    Training(minigrad, OPTIONS["momentum"], [(3, 2), (3,), (1, 3), (1,)]).run(steps=4)
    assert counts == [4, 4, 4, 4, 4]


# ---- what may happen between two steps -----------------------------------------------------------


def at(when):
    """An action in one step, when rows are in use."""

    def decorate(action):
        return lambda training, step: action(training) if step == when else None

    return decorate


def give_gradient(training):
    p = training.params[0]
    p.grad = p.grad * 2


def lend_a_parameter_as_gradient(training):
    """The second reads what the first has become: the order of the steps is seen."""
    p, q = training.params[:2]
    training.params[1].grad = p.data.reshape(-1)[:3]
    assert q.shape == (3,)


def lend_the_very_tensor(training):
    training.params[4].grad = None
    training.params[6].grad = training.params[6].data


def lend_the_buffer(training):
    for p in training.params:
        p.grad = training.optimizer.state.get(p, {}).get("momentum_buffer")


def swap_data_of_gradients(training):
    p, q = training.params[:2]
    q.grad.data = p.data[0, :1].expand(3)


def give_memory(training):
    p = training.params[0]
    p.data = training.t.ones(3, 2)


def lie_in_one_memory(training):
    """Without a number in common, but as parts of one array."""
    memory = training.t.arange(12.0)
    training.params[0].data = memory[:6].view(3, 2)
    training.params[1].data = memory[6:9]


def share_memory(training):
    p, q = training.params[0], training.params[5]
    q.data = p.data.reshape(-1)[:4].view(2, 1, 2)


def share_a_loan(training):
    """Two arrays, each with a buffer of its own that lends it the same memory."""
    memory = bytearray(np.ones(9, "f").tobytes())
    for p, start in zip(training.params[:2], (0, 12), strict=True):
        lent = np.frombuffer(memoryview(memory)[start:], np.float32, p.numel())
        p.data = training.t.from_numpy(lent.reshape(p.shape))


def write(training):
    with training.t.no_grad():
        training.params[0].add_(1)
        training.params[1].data.mul_(2)
        training.params[0].grad.mul_(0.5)
        training.params[1].grad *= 0.5


def forget_a_gradient(training):
    training.params[1].grad = None


def freeze(training):
    training.params[1].requires_grad_(False)
    training.params[1].grad = None


def freeze_with_gradient(training):
    training.params[1].requires_grad_(False)


def accumulate(training):
    training.backward()


def fill_with_zeros(training):
    training.optimizer.zero_grad(set_to_none=False)
    training.backward()


def change_numbers(training):
    training.optimizer.param_groups[0].update(lr=0.01, weight_decay=0.5)


def begin_momentum(training):
    training.optimizer.param_groups[0].update(momentum=0.5)


def end_momentum(training):
    training.optimizer.param_groups[0].update(momentum=0, nesterov=False)


def forget_a_buffer(training):
    training.optimizer.state.pop(training.params[1], None)


def forget_all_buffers(training):
    training.optimizer.state.clear()


def give_a_buffer(training):
    if training.optimizer.state:
        training.optimizer.state[training.params[1]]["momentum_buffer"] = training.t.ones(3)


def share_a_buffer(training):
    """A buffer that is a part of a parameter, which is changed by the way."""
    if training.optimizer.state:
        p, q = training.params[6], training.params[1]
        training.optimizer.state[q]["momentum_buffer"] = p.data[:3]


def load(training):
    training.optimizer.load_state_dict(copy.deepcopy(training.optimizer.state_dict()))


def remove(training):
    del training.optimizer.param_groups[0]["params"][1]


def repeat(training):
    training.optimizer.param_groups[0]["params"].append(training.params[0])


def repeat_in_place_of_another(training):
    training.optimizer.param_groups[0]["params"][1] = training.params[0]


def replace(training):
    training.params[1] = training.t.nn.Parameter(training.t.ones(SMALL + 5))
    training.optimizer.param_groups[0]["params"][1] = training.params[1]
    training.optimizer.zero_grad()
    training.backward()


def add_a_group(training):
    more = [training.t.nn.Parameter(training.drawn(shape)) for shape in SHAPES]
    training.params += more
    training.optimizer.add_param_group({"params": more, "lr": 0.5})
    training.optimizer.zero_grad()
    training.backward()


def widen_one(training):
    p = training.params[1]
    p.data, p.grad = p.data.double(), None
    training.optimizer.state.clear()
    p.grad = training.t.ones(3, dtype=training.t.float64)


def keep_a_gradient_column_by_column(training):
    """And keep it in later steps, with arrays that are known by then."""
    p = training.params[0]
    p.grad = training.t.ones(2, 3).t()
    training.optimizer.zero_grad = lambda: None
    training.backward = lambda: None


def hook(training):
    training.params[0].register_hook(lambda g: g * 2)
    training.optimizer.zero_grad()
    training.backward()


ACTIONS = [
    give_gradient, lend_a_parameter_as_gradient, lend_the_very_tensor, lend_the_buffer,
    swap_data_of_gradients, give_memory, lie_in_one_memory, share_memory, share_a_loan, write,
    forget_a_gradient, freeze, freeze_with_gradient, accumulate, fill_with_zeros, change_numbers,
    begin_momentum, end_momentum, forget_a_buffer, forget_all_buffers, give_a_buffer,
    share_a_buffer, load, remove, repeat, repeat_in_place_of_another, replace, add_a_group,
    widen_one, keep_a_gradient_column_by_column, hook,
]  # fmt: skip


@pytest.mark.parametrize("options", [{}, OPTIONS["momentum"], OPTIONS["nesterov"]], ids=str)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_what_is_done_between_steps_is_noticed(action, options):
    """It is done once, when a row is in use, and the training goes on."""
    ours, theirs = (Training(t, options).run(at(3)(action)) for t in (minigrad, torch))
    assert ours.left() == theirs.left()


def left_by(options, actions):
    """What is left of a training with these actions, or the error that it ended with."""

    def act(training, step):
        for when, action in actions:
            if when == step:
                action(training)

    try:
        return Training(minigrad, options).run(act, steps=8).left()
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        return str(error)  # where a parameter has no gradient to act on any more, for example


@given(
    st.sampled_from(list(OPTIONS.values())),
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from(ACTIONS)), min_size=2, max_size=4),
)
def test_several_actions_leave_what_they_leave_without_rows(options, actions):
    at_once = left_by(options, actions)
    with patch.object(sgd, "SEVERAL", 1000):
        assert left_by(options, actions) == at_once


# ---- what else could be noticed ------------------------------------------------------------------


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_step_of_a_row_is_noticed_by_a_later_backward(t):
    training = Training(t, {}).run()
    loss = sum((p * p).sum() for p in training.params)
    loss.backward(retain_graph=True)
    training.optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_an_optimizer_know_nothing_of_its_rows(copied):
    training = Training(minigrad, OPTIONS["momentum"]).run()
    other = copy.copy(training)
    other.params, other.optimizer, other.rng = copied(
        (training.params, training.optimizer, training.rng)
    )
    assert other.optimizer.rows is None
    assert training.run().left()[0] == other.run().left()[0]
    assert rows(training) == rows(other) == [True]


def test_results_that_keep_their_gradient_may_stand_among_parameters():
    def left(t):
        training = Training(t, {})
        w = t.ones(3, requires_grad=True)
        training.params[1] = training.optimizer.param_groups[0]["params"][1] = h = w.clone()
        h.retain_grad()
        for _ in range(4):
            training.optimizer.zero_grad()
            training.backward()
            with t.no_grad():
                training.optimizer.step()
        return training.left()

    assert left(minigrad) == left(torch)


def test_parameters_of_several_dtypes_have_the_bits():
    def left(t):
        training = Training(t, {})
        with t.no_grad():
            for p in training.params[::3]:
                p.data = p.data.double()
        return training.run().left()

    assert left(minigrad) == left(torch)
