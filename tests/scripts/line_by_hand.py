"""A line through five points, without modules and optimizers."""

import torch

torch.manual_seed(42)

inputs = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
targets = 2.5 * inputs - 1.0

w = torch.randn(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
learning_rate = 0.02
print(f"start: w = {w.item():.4f}, b = {b.item():.4f}")


def forward(x):
    return w * x + b


def mse(prediction, target):
    return ((prediction - target) ** 2).mean()


for epoch in range(201):
    loss = mse(forward(inputs), targets)
    loss.backward()
    with torch.no_grad():
        w -= learning_rate * w.grad
        b -= learning_rate * b.grad
    w.grad.zero_()
    b.grad.zero_()
    if epoch % 40 == 0:
        print(f"epoch {epoch:3d}: w = {w.item():.3f}, b = {b.item():.3f}, loss = {loss.item():.5f}")

print("prediction for 10:", round(forward(torch.tensor(10.0)).item(), 2))
