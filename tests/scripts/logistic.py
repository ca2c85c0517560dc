"""Two classes told apart: a sigmoid, its cross entropy written out, small batches, accuracy."""

import torch
from torch import nn

torch.manual_seed(5)
points = torch.tensor([[0.5, 1.0], [1.0, 2.0], [2.0, 0.5], [3.0, 3.5], [4.0, 3.0], [3.5, 4.5]])
labels = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unsqueeze(1)

model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, weight_decay=1e-3)


def cross_entropy(p, y):
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


for epoch in range(120):
    order = torch.randperm(len(points))
    total = 0.0
    for start in range(0, 6, 2):
        batch = order[start : start + 2]
        p = torch.sigmoid(model(points[batch]))
        loss = cross_entropy(p, labels[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch in (59, 89):
        for group in optimizer.param_groups:
            group["lr"] /= 2
    if epoch % 30 == 0:
        print(f"epoch {epoch:3d}  loss {total / 6:.3f}  lr {optimizer.param_groups[0]['lr']:.2f}")

with torch.no_grad():
    predicted = torch.sigmoid(model(points)) > 0.5
    accuracy = (predicted == labels.bool()).float().mean()
print("accuracy", accuracy.item(), predicted.squeeze().tolist())
