"""no_grad, enable_grad, set_grad_enabled: where they hold, and that they always end."""

import asyncio
import threading

import pytest
from both import in_both, neutral, raised

import minigrad

MODES = ["no_grad", "enable_grad"]


def flag(torch):
    """What the mode is, and what it does."""
    x = torch.tensor(1.0, requires_grad=True)
    return torch.is_grad_enabled(), (x * 2).requires_grad


# ---- as a context -------------------------------------------------------------------------------


@in_both
def test_nothing_is_recorded_under_no_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.no_grad():
        y = x * 2
        z = y.sum()
        fresh = torch.ones(1, requires_grad=True)
    return y.requires_grad, y.grad_fn, y.is_leaf, raised(z.backward), fresh.requires_grad


@in_both
def test_contexts_nest_and_end(torch):
    seen = [flag(torch)]
    with torch.no_grad():
        seen.append(flag(torch))
        with torch.enable_grad():
            seen.append(flag(torch))
            with torch.set_grad_enabled(False):
                seen.append(flag(torch))
            seen.append(flag(torch))
        seen.append(flag(torch))
    return seen, flag(torch)


@pytest.mark.parametrize("mode", MODES)
@in_both
def test_one_object_may_be_entered_again(torch, mode):
    context, seen = getattr(torch, mode)(), []
    for _ in range(2):
        with torch.set_grad_enabled(mode == "enable_grad"), context:
            seen.append(flag(torch))
    seen.append(flag(torch))
    return seen


def test_one_object_may_be_entered_again_while_inside():
    context = minigrad.no_grad()
    with context:
        with context:
            assert not minigrad.is_grad_enabled()
        assert not minigrad.is_grad_enabled()
    assert minigrad.is_grad_enabled()  # torch's object forgets the first mode here


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("mode", MODES)
def test_the_mode_ends_with_an_exception_that_comes_out(mode, error):
    with pytest.raises(error), getattr(minigrad, mode)():
        raise error
    assert minigrad.is_grad_enabled()


@in_both
def test_set_grad_enabled_acts_at_once_and_can_be_undone(torch):
    seen = []
    torch.set_grad_enabled(False)
    seen.append(flag(torch))
    with torch.set_grad_enabled(True):
        seen.append(flag(torch))
    seen.append(flag(torch))
    torch.set_grad_enabled(True)
    return seen, flag(torch)


@in_both
def test_set_grad_enabled_made_before_it_is_entered(torch):
    context = torch.set_grad_enabled(False)
    seen = [flag(torch)]
    with context:
        seen.append(flag(torch))
    return seen, flag(torch)


@in_both
def test_set_grad_enabled_takes_a_bool(torch):
    texts = [raised(torch.set_grad_enabled, value) for value in (1, None, "yes")]
    return texts, repr(torch.set_grad_enabled(True)), flag(torch)


@pytest.mark.parametrize("mode", MODES)
@in_both
def test_the_mode_is_given_to_the_body(torch, mode):
    with getattr(torch, mode)() as given:
        return given is None, flag(torch)


@in_both
def test_backward_works_under_no_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward()
    return x.grad


@in_both
def test_in_place_under_no_grad_keeps_a_leaf_a_leaf(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.no_grad():
        x -= 0.5
        x[0] = 3
        x.mul_(2)
    return x, x.is_leaf, x.requires_grad, x._version


# ---- as a decorator -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@in_both
def test_decorators_with_and_without_parentheses(torch, mode):
    @getattr(torch, mode)
    def bare(a, *, b):
        """What it does."""
        return a, b, flag(torch)

    @getattr(torch, mode)()
    def called(a, *, b):
        return a, b, flag(torch)

    with torch.set_grad_enabled(mode == "no_grad"):
        return [
            bare(1, b=2), called(1, b=2), flag(torch), bare.__name__, bare.__doc__, called.__name__,
        ]  # fmt: skip


@in_both
def test_set_grad_enabled_as_a_decorator_leaves_the_mode_alone(torch):
    seen = []

    @torch.set_grad_enabled(False)
    def off():
        return flag(torch)

    seen += [flag(torch), off(), flag(torch)]
    with torch.no_grad():

        @torch.set_grad_enabled(True)
        def on():
            return flag(torch)

        seen += [flag(torch), on(), flag(torch)]
    return seen, on(), flag(torch)


@in_both
def test_a_decorated_function_may_call_itself(torch):
    @torch.no_grad()
    def countdown(n):
        return [flag(torch)] + (countdown(n - 1) if n else []) + [flag(torch)]

    return countdown(3), flag(torch)


@in_both
def test_a_decorated_function_that_raises(torch):
    @torch.no_grad()
    def fail():
        raise ValueError("mine")

    return raised(fail), flag(torch)


@in_both
def test_methods_and_static_methods(torch):
    class Model:
        @torch.no_grad()
        def predict(self, x):
            return x, flag(torch)

        @staticmethod
        @torch.no_grad()
        def still(x):
            return x, flag(torch)

    return Model().predict(1), Model.still(2), flag(torch)


@in_both
def test_decorating_a_class_warns(torch):
    @torch.no_grad()
    class Model:
        def __init__(self):
            self.seen = flag(torch)

    return Model().seen, flag(torch)


@in_both
def test_a_decorated_lambda(torch):
    return torch.no_grad()(lambda: flag(torch))(), flag(torch)


# ---- generators ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@in_both
def test_a_generator_has_its_mode_and_the_consumer_its_own(torch, mode):
    @getattr(torch, mode)()
    def numbers():
        for i in range(3):
            yield i, flag(torch)

    with torch.set_grad_enabled(mode == "no_grad"):
        return [(item, flag(torch)) for item in numbers()], flag(torch)


@in_both
def test_a_generator_answers_send_throw_and_close(torch):
    seen = []

    @torch.no_grad()
    def echo():
        received = None
        while True:
            try:
                received = yield received, flag(torch)
            except KeyError as error:
                received = f"caught {error}"
            except GeneratorExit:
                seen.append(("closed", flag(torch)))
                raise

    generator = echo()
    answers = [next(generator), flag(torch)]
    answers += [generator.send("a"), flag(torch)]
    answers += [generator.throw(KeyError("b")), flag(torch)]
    answers += [generator.send("c"), flag(torch)]
    generator.close()
    return answers, seen, flag(torch)


@in_both
def test_a_generator_returns_its_value_and_raises_its_errors(torch):
    @torch.no_grad()
    def returning():
        yield 1
        return flag(torch)

    @torch.no_grad()
    def failing():
        yield 1
        raise ValueError("mine")

    def consume():
        return (yield from returning())

    stopped = []
    for generator in (returning(), consume()):
        next(generator)
        try:
            next(generator)
        except StopIteration as stop:
            stopped.append(stop.value)
    generator = failing()
    next(generator)
    return stopped, raised(next, generator), flag(torch)


@in_both
def test_an_abandoned_generator_leaves_the_mode_alone(torch):
    @torch.no_grad()
    def numbers():
        yield 1
        yield 2

    generator = numbers()
    next(generator)
    del generator
    return flag(torch)


@in_both
def test_a_generator_within_a_context_of_the_consumer(torch):
    @torch.enable_grad()
    def numbers():
        yield flag(torch)
        with torch.no_grad():
            yield flag(torch)
        yield flag(torch)

    seen = []
    with torch.no_grad():
        seen.extend((item, flag(torch)) for item in numbers())
    return seen, flag(torch)


# ---- threads and tasks --------------------------------------------------------------------------


@in_both
def test_a_new_thread_starts_with_recording_on(torch):
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(flag(torch)))
        thread.start()
        thread.join()
        seen.append(flag(torch))
    return seen


@in_both
def test_the_mode_of_a_thread_is_its_own(torch):
    inside, checked = threading.Event(), threading.Event()

    def other():
        with torch.no_grad():
            inside.set()
            checked.wait()

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    seen = flag(torch)
    checked.set()
    thread.join()
    return seen, flag(torch)


def test_tasks_do_not_disturb_each_other():
    async def unrecorded():
        with minigrad.no_grad():
            before = flag(minigrad)
            await asyncio.sleep(0)
            return before, flag(minigrad)

    async def recorded():
        before = flag(minigrad)
        await asyncio.sleep(0)
        return before, flag(minigrad)

    async def main():
        return await asyncio.gather(unrecorded(), recorded(), unrecorded())

    off, on = (False, False), (True, True)
    assert asyncio.run(main()) == [(off, off), (on, on), (off, off)]


@in_both
def test_a_decorated_coroutine_runs_with_recording_on(torch):
    """The mode holds while the coroutine is made, not while it runs; so write `with` inside it."""

    @torch.no_grad()
    async def run():
        return flag(torch)

    return asyncio.run(run()), flag(torch)


# ---- views made under no_grad -------------------------------------------------------------------


@in_both
def test_a_view_made_under_no_grad_says_that_it_requires_grad(torch):
    """It shares memory with what does; but nothing flows to either of them through it."""
    w = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        seen = [w[0], w.view(-1), w.t(), w[0][1:], w * 2, w.sum(), w.detach()[0], w[[0]]]
    (seen[0] * 2).sum().backward()
    return (
        [neutral(repr(t)) for t in seen],
        [(t.requires_grad, t.is_leaf, t.grad_fn) for t in seen],
        raised(seen[0].numpy),
        seen[0].grad,
        w.grad,
    )


@in_both
def test_a_view_of_a_result_made_under_no_grad(torch):
    h = torch.ones(2, 3, requires_grad=True) * 2
    with torch.no_grad():
        seen = [h[0], h.expand(2, 2, 3), h.squeeze(), h.reshape(3, 2)]
    return [(neutral(repr(t)), t.requires_grad, t.is_leaf, t.grad_fn) for t in seen]
