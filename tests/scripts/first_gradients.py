"""The first hour with autograd: one number, its slope, and what is printed on the way."""

import torch

x = torch.tensor(3.0, requires_grad=True)
y = x**2 + 2 * x + 1
print(x)
print(y)
print(y.grad_fn, x.grad_fn, x.is_leaf, y.is_leaf)

y.backward()
print("dy/dx =", x.grad)

for i in range(3):
    z = x**3
    z.backward()
    print(f"after {i + 1} more: {x.grad}")

x.grad.zero_()
print(x.grad, x.grad.item())

a = torch.tensor([2.0, 4.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
q = 3 * a**3 - b**2
q.backward(gradient=torch.tensor([1.0, 1.0]))
print(a.grad, b.grad)
print(9 * a**2 == a.grad)
print(-2 * b == b.grad)

with torch.no_grad():
    frozen = a * 2
print(frozen.requires_grad, a.detach().requires_grad, (a * 2).requires_grad)
c = torch.rand(2, 2)
print(c.requires_grad, c.requires_grad_().requires_grad)
