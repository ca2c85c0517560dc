"""tinygrad, its steps caught by TinyJit."""

from functools import partial
from typing import Any

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn.optim import SGD

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Net
from benchmarks.trial import Trial

__all__ = ["PROGRAMS"]


def training(net: Net) -> Trial:
    """A net's training."""
    weights = [Tensor(w) for w in data.weights(net).values()]
    optimizer = SGD(weights, lr=net.lr, momentum=net.momentum)

    def loss_of(x: Any, y: Any) -> Any:
        rest = iter(weights)
        for name in net.activations:
            x = x.linear(next(rest).T, next(rest) if net.bias else None)
            x = getattr(x, name)() if name else x
        return ((x - y) ** 2).mean()

    @TinyJit
    @Context(TRAINING=1)
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(x, y).backward()
        return loss.realize(*optimizer.schedule_step())

    def state(loss: Any) -> dict[str, Array]:
        learned = {name: w.numpy() for name, w in zip(data.names(net), weights, strict=True)}
        return {"loss": loss.numpy()} | learned

    x, y = (Tensor(a).realize() for a in data.batch(net))
    return Trial(step, (x, y), state, partial(data.weights, net))


PROGRAMS = {"training": training}
