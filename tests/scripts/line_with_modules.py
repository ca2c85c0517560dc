"""The same line with nn.Linear, a loss and an optimizer."""

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)

hours = np.array([[1.0], [2.0], [3.0], [4.0]], dtype=np.float32)
marks = np.array([[12.0], [19.0], [33.0], [41.0]], dtype=np.float32)
X, y = torch.from_numpy(hours), torch.from_numpy(marks)
n_samples, n_features = X.shape
print(f"{n_samples} samples, {n_features} feature", X.dtype)


class Regression(nn.Module):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.lin = nn.Linear(input_dim, output_dim)

    def forward(self, x):
        return self.lin(x)


model = Regression(n_features, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
print(model)
print(optimizer)
for name, parameter in model.named_parameters():
    print(name, tuple(parameter.shape), parameter.data)

for epoch in range(1, 301):
    prediction = model(X)
    loss = criterion(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 60 == 0:
        [weight, bias] = model.parameters()
        print(f"epoch {epoch}: w {weight[0][0].item():.3f} b {bias[0].item():.3f} loss {loss:.4f}")

model.eval()
with torch.no_grad():
    print(np.round(model(X).numpy(), 2).tolist(), f"{model(torch.tensor([5.0])).item():.2f}")
