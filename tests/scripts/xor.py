"""XOR: what a single layer cannot do, a hidden one can."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(2)

X = torch.Tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = torch.Tensor([0, 1, 1, 0]).view(-1, 1)


class XOR(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3, True)
        self.out = nn.Linear(3, 1, True)

    def forward(self, x):
        x = torch.sigmoid(self.hidden(x))
        return self.out(x)


def init_weights(model):
    for m in model.modules():
        if isinstance(m, nn.Linear):
            m.weight.data.normal_(0, 1)


model = XOR()
init_weights(model)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
loss_func = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for i in range(300):
    for j in torch.randperm(4).tolist():
        optimizer.zero_grad()
        loss = loss_func(model(X[j]), Y[j])
        loss.backward()
        optimizer.step()
    if i % 50 == 0:
        print(f"Epoch: {i}, Loss: {loss.item():.3f}")

with torch.no_grad():
    out = model(X)
for x, o in zip(X, out, strict=True):
    print(x.int().tolist(), "->", int(o > 0.5))
