"""What beginners meet: each mistake, and the error that it gives."""

import numpy as np
import torch
import torch.nn as nn


def attempt(what):
    try:
        print(what())
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")


x = torch.ones(3, requires_grad=True)
loss = (x * x).sum()
loss.backward()
attempt(lambda: loss.backward())
attempt(lambda: (x * 2).backward())
attempt(lambda: torch.ones(3).sum().backward())
attempt(lambda: x.numpy())
attempt(lambda: x.add_(1))
attempt(lambda: torch.tensor([1, 2], requires_grad=True))
attempt(lambda: torch.ones(2) + torch.ones(3))
attempt(lambda: torch.ones(2, 3) @ torch.ones(2, 3))
attempt(lambda: nn.Linear(2, 1)(torch.ones(5, 3)))
attempt(lambda: nn.Linear(2, 1)(torch.ones(5, 2, dtype=torch.float64)))
attempt(lambda: nn.Linear(2, 1)(np.ones((5, 2), dtype=np.float32)))
attempt(lambda: torch.ones(6).view(4, 2))
attempt(lambda: torch.ones(2, 3).t().view(6))
attempt(lambda: torch.ones(3)[3])
attempt(lambda: torch.ones(3).item())
attempt(lambda: bool(torch.ones(2) > 0))
attempt(lambda: torch.optim.SGD([], lr=0.1))
attempt(lambda: torch.optim.SGD([x * 2], lr=0.1))
attempt(lambda: nn.Linear(2, 1).load_state_dict(nn.Linear(3, 1).state_dict()))
attempt(lambda: torch.tensor([[1, 2], [3]]))
nn.MSELoss()(torch.ones(3, 1), torch.ones(3))

y = torch.ones(2, requires_grad=True).exp()
y += 1
attempt(lambda: y.sum().backward())
