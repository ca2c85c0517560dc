"""Backpropagation in NumPy as fast as one writes it by hand: the floor.

Every array is there before the first step, every call has its `out`, numbers are arrays of no
dimension, which NumPy takes without converting them, and all parameters stand in one array, so
that an update is four calls. The three tiny nets are written out call by call, because there the
calls are what costs.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy import add, cos, divide, exp, greater, log, maximum, multiply, sin, subtract, tanh

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Net, Points
from benchmarks.trial import Trial

__all__ = ["PROGRAMS", "elementwise", "math", "second_order", "training"]

BLOCK = 1 << 14  # numbers: an update of so many stays in the cache from its first to its last call

HALF, ONE, TWO, SLOPE = (np.array(number, np.float32) for number in (0.5, 1, 2, 0.01))


def training(net: Net) -> Trial:
    """The program for this net."""
    tiny = {(1, 1, False): neuron, (1, 1, True): neuron_momentum, (2, 3, 1, True): hidden}
    return tiny.get((*net.sizes, net.bias), perceptron)(net)


def empty(*shape: int) -> Array:
    """A buffer."""
    return np.empty(shape, np.float32)


def neuron(net: Net) -> Trial:
    """z = x w, loss = (z - y)^2."""
    w = data.weights(net)["weight 0"]
    w_t, lr = w.T, np.array(net.lr, np.float32)
    z, error, g, g_w, new = (empty(1, 1) for _ in range(5))
    flat, square = error.ravel(), empty()

    def step(x: Array, y: Array) -> Array:
        x.dot(w_t, z)
        subtract(z, y, error)
        flat.dot(flat, square)
        multiply(error, TWO, g)
        x.dot(g, g_w)
        multiply(g_w, lr, g)
        subtract(w, g, new)
        w[...] = new  # in place NumPy would look for an overlap first, which takes longer
        return square

    return learning(net, step, [w])


def neuron_momentum(net: Net) -> Trial:
    """z = x w + b, loss = (leaky_relu(z) - y)^2."""
    p, g, v, change, (w, b), (g_w, g_b) = flat_parameters(net)
    w_t, lr, momentum = w.T, np.array(net.lr, np.float32), np.array(net.momentum, np.float32)
    product, z, bent, error, g_h = (empty(1, 1) for _ in range(5))
    flat, square = error.ravel(), empty()

    def step(x: Array, y: Array) -> Array:
        x.dot(w_t, product)
        add(product, b, z)
        multiply(z, SLOPE, product)
        maximum(z, product, out=bent)
        subtract(bent, y, error)
        flat.dot(flat, square)
        multiply(error, TWO, g_h)
        if z.item() <= 0:
            multiply(g_h, SLOPE, bent)
            g_h[...] = bent
        g_b[...] = g_h[0]
        x.dot(g_h, g_w)
        multiply(v, momentum, v)
        add(v, g, v)
        multiply(v, lr, change)
        subtract(p, change, p)
        return square

    return learning(net, step, [w, b])


def hidden(net: Net) -> Trial:
    """h = x W0 + b0, z = h W1 + b1, loss = (leaky_relu(z) - y)^2."""
    p, g, v, change, (w0, b0, w1, b1), (g_w0, g_b0, g_w1, g_b1) = flat_parameters(net)
    w0_t, w1_t = w0.T, w1.T
    lr, momentum = np.array(net.lr, np.float32), np.array(net.momentum, np.float32)
    product0, h, g_h = (empty(1, 3) for _ in range(3))
    product, z, bent, error, g_z = (empty(1, 1) for _ in range(5))
    row_b0, row_g_b0, g_h_t = b0[None], g_b0[None], g_h.T
    flat, square = error.ravel(), empty()

    def step(x: Array, y: Array) -> Array:
        x.dot(w0_t, product0)
        add(product0, row_b0, h)
        h.dot(w1_t, product)
        add(product, b1, z)
        multiply(z, SLOPE, product)
        maximum(z, product, out=bent)
        subtract(bent, y, error)
        flat.dot(flat, square)
        multiply(error, TWO, g_z)
        if z.item() <= 0:
            multiply(g_z, SLOPE, bent)
            g_z[...] = bent
        g_b1[...] = g_z[0]
        g_z.dot(h, g_w1)
        g_z.dot(w1, g_h)
        row_g_b0[...] = g_h
        g_h_t.dot(x, g_w0)
        multiply(v, momentum, v)
        add(v, g, v)
        multiply(v, lr, change)
        subtract(p, change, p)
        return square

    return learning(net, step, [w0, b0, w1, b1])


class Layers:
    """The arrays of a net with ReLU between its layers, and its passes.

    outs     what the input and each layer give; outs[0] is the input
    masks    where the ReLU behind each layer lets through
    g_outs   the gradients of the outs
    """

    def __init__(self, net: Net) -> None:
        p, g, v, change, self.parameters, gradients = flat_parameters(net)
        self.update = momentum_sgd(net, p, g, v, change)
        self.weights, self.biases = self.parameters[::2], self.parameters[1::2]
        self.g_weights, self.g_biases = gradients[::2], gradients[1::2]
        self.turned = [weight.T for weight in self.weights]
        self.outs, self.g_outs = ([empty(net.batch, n) for n in net.sizes] for _ in range(2))
        self.zeros = [np.zeros_like(out) for out in self.outs]  # an array is faster than a number
        self.masks = [np.empty(out.shape, bool) for out in self.outs]
        self.ones, self.last = np.ones(net.batch, np.float32), len(self.weights)
        self.error = self.g_outs[-1].ravel()
        self.mean, self.scale = means(self.error)

    def forward(self, x: Array) -> None:
        """Fill `outs` and `masks`."""
        self.outs[0] = x
        for i in range(self.last):
            out, mask = self.outs[i + 1], self.masks[i + 1]
            self.outs[i].dot(self.turned[i], out)
            add(out, self.biases[i], out)
            if i < self.last - 1:
                maximum(out, self.zeros[i + 1], out=out)
                greater(out, self.zeros[i + 1], mask)

    def loss(self, y: Array) -> Any:
        """The mean square of the error, whose gradient goes into `g_outs`."""
        error = self.g_outs[-1]
        subtract(self.outs[-1], y, error)
        loss = self.error.dot(self.error) * self.mean
        multiply(error, self.scale, error)
        return loss

    def backward(self) -> None:
        """Fill the gradients of the parameters."""
        for i in range(self.last, 0, -1):
            g_out = self.g_outs[i]
            g_out.T.dot(self.outs[i - 1], self.g_weights[i - 1])
            self.ones.dot(g_out, self.g_biases[i - 1])
            if i > 1:
                self.below(g_out, i, self.g_outs[i - 1])

    def below(self, g: Array, i: int, out: Array) -> None:
        """From the gradient behind layer i to the one behind layer i - 1."""
        g.dot(self.weights[i - 1], out)
        if i > 1:
            multiply(out, self.masks[i - 1], out)


def means(a: Array) -> tuple[Array, Array]:
    """What turns a sum over an array into the mean, and its double, of the mean's gradient."""
    return np.array(1 / a.size, np.float32), np.array(2 / a.size, np.float32)


def perceptron(net: Net) -> Trial:
    """ReLU between linear layers of any number and size."""
    layers = Layers(net)

    def step(x: Array, y: Array) -> Any:
        layers.forward(x)
        loss = layers.loss(y)
        layers.backward()
        layers.update()
        return loss

    return learning(net, step, layers.parameters)


def second_order(net: Net) -> Trial:
    """As in `numpy_plain.second_order`, with buffers."""
    layers = Layers(net)
    last, masks = layers.last, layers.masks
    slopes = [np.ones_like(out) for out in layers.outs]  # of the output's sum, behind each layer
    g_slopes = [np.empty_like(out) for out in layers.outs]
    g_again = [np.empty_like(weight) for weight in layers.weights]
    slope = slopes[0].ravel()
    mean, scale = means(slope)

    def penalty() -> Any:
        for i in range(last, 0, -1):
            layers.below(slopes[i], i, slopes[i - 1])
        return slope.dot(slope) * mean

    def backward() -> None:
        multiply(slopes[0], scale, g_slopes[0])
        for i in range(last):
            slopes[i + 1].T.dot(g_slopes[i], g_again[i])
            add(layers.g_weights[i], g_again[i], layers.g_weights[i])
            if i < last - 1:
                g_slopes[i].dot(layers.turned[i], g_slopes[i + 1])
                multiply(g_slopes[i + 1], masks[i + 1], g_slopes[i + 1])

    def step(x: Array, y: Array) -> Any:
        layers.forward(x)
        loss = layers.loss(y) + penalty()
        layers.backward()
        backward()
        layers.update()
        return loss

    return learning(net, step, layers.parameters)


def flat_parameters(
    net: Net,
) -> tuple[Array, Array, Array, Array, list[Array], list[Array]]:
    """Parameters, gradients, momentum and changes as one array each, and views into the first two.

    The view of a parameter has the parameter's shape.
    """
    start = data.weights(net)
    p, g, change = (empty(net.parameters) for _ in range(3))
    v = np.zeros_like(p)
    ends = np.cumsum([w.size for w in start.values()])[:-1]
    parameters, gradients = (
        [part.reshape(w.shape) for part, w in zip(np.split(a, ends), start.values(), strict=True)]
        for a in (p, g)
    )
    for parameter, weight in zip(parameters, start.values(), strict=True):
        parameter[...] = weight
    return p, g, v, change, parameters, gradients


def momentum_sgd(net: Net, p: Array, g: Array, v: Array, change: Array) -> Callable[[], None]:
    """A function that changes the parameters by their gradients, block by block."""
    lr, momentum = np.array(net.lr, np.float32), np.array(net.momentum, np.float32)
    blocks = [
        (p[part], g[part], v[part], change[: min(BLOCK, len(p) - part.start)])
        for part in parts(len(p))
    ]

    def update() -> None:
        for p, g, v, change in blocks:
            multiply(v, momentum, v)
            add(v, g, v)
            multiply(v, lr, change)
            subtract(p, change, p)

    return update


def parts(length: int) -> Iterator[slice]:
    """The blocks of an array."""
    for begin in range(0, length, BLOCK):
        yield slice(begin, min(begin + BLOCK, length))


def learning(net: Net, step: Callable[..., Any], parameters: list[Array]) -> Trial:
    """A trial of a step that changes the parameters."""

    def state(loss: Any) -> dict[str, Array]:
        return {"loss": np.asarray(loss)} | dict(zip(data.names(net), parameters, strict=True))

    return Trial(step, data.batch(net), state, partial(data.weights, net))


def elementwise(points: Points) -> Trial:
    """As in `numpy_plain.elementwise`, with buffers."""
    n = points.size
    bent, h, zeros, mask = [empty(n) for _ in range(5)], empty(n), np.zeros(n, "f4"), empty(n) > 0
    g, g_x, decay = empty(n), empty(n), np.array(0.9, np.float32)

    def step(x: Array, factor: Array, gradient: Array) -> tuple[Array, Array]:
        below = x
        for b in bent:
            multiply(below, factor, h)
            add(h, x, h)
            maximum(h, zeros, out=b)
            multiply(b, decay, h)
            below = h

        above, total = gradient, None
        for b in reversed(bent):
            multiply(above, decay, g)
            greater(b, zeros, mask)
            multiply(g, mask, g)
            if total is None:
                g_x[...] = g
            else:
                add(g_x, g, g_x)
            multiply(g, factor, g)
            above = total = g
        add(g_x, g, g_x)
        return h, g_x

    return differentiating(points, step)


def math(points: Points) -> Trial:
    """As in `numpy_plain.math`, with buffers, and tanh for the sigmoid: it costs half of exp."""
    a, b, d, value, g, t = (empty(points.size) for _ in range(6))

    def step(x: Array, factor: Array, gradient: Array) -> tuple[Array, Array]:
        exp(x, a)
        tanh(a, b)
        log(b, d)
        multiply(d, HALF, d)
        tanh(d, d)
        multiply(d, HALF, d)
        add(d, HALF, d)
        sin(d, value)
        cos(d, t)
        multiply(gradient, t, g)
        multiply(g, d, g)
        subtract(ONE, d, t)
        multiply(g, t, g)
        divide(g, b, g)
        multiply(b, b, t)
        subtract(ONE, t, t)
        multiply(g, t, g)
        multiply(g, a, g)
        return value, g

    return differentiating(points, step)


def differentiating(points: Points, step: Callable[..., Any]) -> Trial:
    """A trial of a step that returns a value and a gradient."""

    def state(result: tuple[Array, Array]) -> dict[str, Array]:
        return dict(zip(("value", "gradient"), result, strict=True))

    return Trial(step, data.points(points), state)


PROGRAMS = {
    "training": training,
    "elementwise": elementwise,
    "math": math,
    "second_order": second_order,
}
