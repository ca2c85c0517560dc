"""Second derivatives: Newton's method, and a gradient penalty."""

import torch
from torch.autograd import grad

x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
for step in range(6):
    f = x**4 - 3 * x**2 + 2 * x
    (slope,) = grad(f, x, create_graph=True)
    (curvature,) = grad(slope, x)
    print(f"{step}: x = {x.item():.6f}  f = {f.item():.6f}  f' = {slope.item():.6f}", end="  ")
    print(f"f'' = {curvature:.4f}")
    with torch.no_grad():
        x -= slope / curvature

w = torch.tensor([[0.5, -1.0]], requires_grad=True)
inputs = torch.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
out = (inputs @ w.t()).pow(2).sum()
(g,) = grad(out, inputs, create_graph=True)
penalty = (g**2).sum()
print(g, penalty)
penalty.backward()
print(w.grad)
print(grad((x * 1.0) ** 2, [x], retain_graph=False))
