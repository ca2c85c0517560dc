"""A sine by a polynomial of the third degree, its coefficients found by gradient descent."""

import math

import torch

dtype = torch.float
x = torch.linspace(-math.pi, math.pi, 7, dtype=dtype)
y = torch.sin(x)

torch.manual_seed(1)
a, b, c, d = (torch.randn((), dtype=dtype, requires_grad=True) for _ in range(4))
print("start:", *(f"{v.item():.4f}" for v in (a, b, c, d)))

learning_rate = 1e-4
for t in range(1000):
    y_pred = a + b * x + c * x**2 + d * x**3
    loss = (y_pred - y).pow(2).sum()
    if t % 200 == 199:
        print(t, f"{loss.item():.3f}")
    loss.backward()
    with torch.no_grad():
        for coefficient in (a, b, c, d):
            coefficient -= learning_rate * coefficient.grad
            coefficient.grad = None

print(f"Result: y = {a.item():.2f} + {b.item():.2f} x + {c.item():.2f} x^2 + {d.item():.2f} x^3")
