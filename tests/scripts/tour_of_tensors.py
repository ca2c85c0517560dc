"""What a first notebook tries: making tensors, their shapes, indices, arithmetic, NumPy."""

import numpy as np
import torch

torch.manual_seed(0)
data = [[1, 2], [3, 4]]
x = torch.tensor(data)
print(x, x.dtype, x.shape, x.device)
print(torch.ones_like(x), torch.rand(2, 2), torch.zeros(2, 3))
print(torch.arange(0, 10, 3), torch.linspace(0, 1, 5), torch.full((2,), 7), torch.eye(2))

t = torch.arange(12.0).reshape(3, 4)
print(t)
print("first row:", t[0], "first column:", t[:, 0], "last column:", t[..., -1])
t[:, 1] = 0
print(t, t[t > 5], t[[0, 2]], t[1, 2].item())

print(torch.cat([x, x], dim=1), torch.stack([x, x]).shape)
print(x * x, x @ x.T, x.sum(), x.float().mean(), x.sum(0), x.sum(dim=1, keepdim=True))
print(x + torch.tensor([10, 20]), x / 2, x**2, -x, x > 2, 1 - x)
print(x.view(4), x.unsqueeze(0).shape, x.flatten().tolist(), x.t())

ones = torch.ones(3)
array = ones.numpy()
ones.add_(1)
print(ones, array)
source = np.array([1.0, 2.0])
shared = torch.from_numpy(source)
np.add(source, 1, out=source)
print(shared, torch.tensor(source).dtype, shared.float())
print(torch.tensor(1e-5), torch.tensor([1e5, 1.5]), torch.tensor([float("nan"), float("inf")]))
print(torch.randn(2, 2), torch.randint(0, 10, (5,)), torch.randperm(4))
print(f"{torch.tensor(3.14159):.2f} {torch.tensor(2)}")
