"""A model's weights as a dict: looked at, copied, frozen, put into another model."""

import copy
from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(7)


def make():
    return nn.Sequential(
        OrderedDict(
            [("first", nn.Linear(2, 2)), ("act", nn.LeakyReLU(0.1)), ("last", nn.Linear(2, 1))]
        )
    )


model = make()
print(model)
for key, value in model.state_dict().items():
    print(key, value.size(), value)

best = copy.deepcopy(model.state_dict())
with torch.no_grad():
    for p in model.parameters():
        p.add_(1)
print(torch.equal(best["last.bias"], model.last.bias) if hasattr(torch, "equal") else False)
print(model.load_state_dict(best))
print((best["last.bias"] == model.last.bias).all())

other = make()
del best["last.bias"]
print(other.load_state_dict(best, strict=False))
print(type(other.first.weight), other.first.weight.requires_grad)

other.first.requires_grad_(False)
optimizer = torch.optim.SGD((p for p in other.parameters() if p.requires_grad), lr=0.5)
before = other.first.weight.clone()
other(torch.tensor([[1.0, -1.0]])).sum().backward()
optimizer.step()
print((before == other.first.weight).tolist(), other.first.weight.grad)
print(len(optimizer.param_groups[0]["params"]), optimizer.state_dict()["param_groups"][0]["lr"])
