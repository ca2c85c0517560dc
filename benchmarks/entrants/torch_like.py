"""The programs of minigrad and of PyTorch, which are the same: `torch` is one or the other.

`device` is where the tensors are; where that is a GPU, `wait` waits until it is done.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Chain, Net, Points
from benchmarks.trial import Laps, Trial

__all__ = ["PROGRAMS", "chain", "elementwise", "math", "second_order", "training"]


def training(torch: Any, net: Net, device: str = "cpu") -> Trial:
    """One step: zero the gradients, forward, loss, backward, update."""
    model = network(torch, net).to(device)
    criterion = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=net.lr, momentum=net.momentum)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return learning(torch, net, model, step, device)


def second_order(torch: Any, net: Net, device: str = "cpu") -> Trial:
    """The same, with the mean square of the output's gradient by the input as a penalty."""
    model = network(torch, net).to(device)
    criterion = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=net.lr, momentum=net.momentum)
    parameters = list(model.parameters())

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        output = model(x)
        (slope,) = torch.autograd.grad(output.sum(), x, create_graph=True)
        loss = criterion(output, y) + (slope * slope).mean()
        loss.backward(inputs=parameters)
        optimizer.step()
        return loss

    trial = learning(torch, net, model, step, device)
    trial.arguments[0].requires_grad_()
    return trial


def network(torch: Any, net: Net) -> Any:
    """The network, with the weights that everybody starts from."""
    activations = {"relu": torch.nn.ReLU, "leaky_relu": torch.nn.LeakyReLU}
    modules = []
    for m, n, name in zip(net.sizes, net.sizes[1:], net.activations, strict=False):
        modules.append(torch.nn.Linear(m, n, bias=net.bias))
        if name:
            modules.append(activations[name]())
    model = torch.nn.Sequential(*modules)
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), data.weights(net).values(), strict=True):
            parameter.copy_(torch.tensor(weight))
    return model


def learning(torch: Any, net: Net, model: Any, step: Callable[..., Any], device: str) -> Trial:
    """A trial of a step that changes the parameters of a model."""

    def state(loss: Any) -> dict[str, Array]:
        learned = zip(data.names(net), model.parameters(), strict=True)
        return {"loss": array(loss)} | {name: array(p) for name, p in learned}

    x, y = (torch.tensor(a).to(device) for a in data.batch(net))
    return Trial(step, (x, y), state, partial(data.weights, net))


def elementwise(torch: Any, points: Points, device: str = "cpu") -> Trial:
    """Twenty operations that are each a pass over memory."""

    def step(x: Any, factor: Any, gradient: Any) -> Any:
        x.grad = None
        h = x
        for _ in range(5):
            h = torch.relu(h * factor + x) * 0.9
        h.backward(gradient)
        return h

    return differentiating(torch, points, step, device)


def math(torch: Any, points: Points, device: str = "cpu") -> Trial:
    """Five functions that take their time."""

    def step(x: Any, factor: Any, gradient: Any) -> Any:
        x.grad = None
        h = torch.sin(torch.sigmoid(torch.log(torch.tanh(torch.exp(x)))))
        h.backward(gradient)
        return h

    return differentiating(torch, points, step, device)


def differentiating(torch: Any, points: Points, step: Callable[..., Any], device: str) -> Trial:
    """A trial of a step that fills `x.grad`."""
    x, factor, gradient = (torch.tensor(a).to(device) for a in data.points(points))
    x.requires_grad_()

    def state(result: Any) -> dict[str, Array]:
        return {"value": array(result), "gradient": array(x.grad)}

    return Trial(step, (x, factor, gradient), state)


def chain(torch: Any, problem: Chain, device: str = "cpu") -> Trial:
    """A graph of many small nodes: built, walked back, dropped."""
    wait = torch.cuda.synchronize if device == "cuda" else nothing
    laps = Laps("build", "walk", "drop")

    def time() -> float:
        wait()
        return perf_counter()

    def step(x: Any, factor: Any) -> Any:
        x.grad = factor.grad = None
        begin = time()
        y = x
        for _ in range(problem.length // 2):
            y = y * factor
            y = y + x
        built = time()
        y.backward()
        walked = time()
        y = y.detach()
        laps.note(begin, built, walked, time())
        return y

    x, factor = (torch.tensor(number).to(device).requires_grad_() for number in (0.75, -1.0))

    def state(y: Any) -> dict[str, Array]:
        return {"value": array(y), "gradient": array(x.grad), "slope": array(factor.grad)}

    return Trial(step, (x, factor), state, laps=laps)


def nothing() -> None:
    """On a CPU nobody has to wait: what is called is done."""


def array(tensor: Any) -> Array:
    """The numbers in a tensor."""
    found: Array = tensor.detach().to("cpu").numpy()
    return found


PROGRAMS = {
    "training": training,
    "elementwise": elementwise,
    "math": math,
    "chain": chain,
    "second_order": second_order,
}
