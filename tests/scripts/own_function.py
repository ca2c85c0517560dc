"""A function with a derivative of one's own, and what gradcheck says of it."""

import torch
from torch.autograd import Function, gradcheck


class Clipped(Function):
    @staticmethod
    def forward(ctx, input, limit):
        ctx.save_for_backward(input)
        ctx.limit = limit
        return input.clamp(min=0, max=limit)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad = grad_output.clone()
        grad[input < 0] = 0
        grad[input > ctx.limit] = 0
        return grad, None


clipped = Clipped.apply
x = torch.tensor([-1.0, 0.5, 2.0, 7.0], requires_grad=True)
y = clipped(x, 6.0)
print(y)
y.sum().backward()
print(x.grad)

points = torch.tensor([-1.5, 0.25, 3.0, 8.0], dtype=torch.double, requires_grad=True)
print(gradcheck(lambda t: clipped(t, 6.0), (points,)))


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g


try:
    gradcheck(Wrong.apply, (points,))
except Exception as error:
    print(type(error).__name__, str(error).split(",")[0])
