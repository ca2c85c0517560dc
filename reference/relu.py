"""One neuron with a ReLU: a unit can be dead from birth.

relu(x) = max(x, 0) is flat below zero. If the seed draws a negative weight, weight * input
is negative and the output is 0, on the flat side, where the slope is exactly 0: the
gradient of the weight is 0 too, the step does nothing, and the next one finds the same
weight again.

Look at the losses of several seeds. Seed 3 draws a negative weight: the loss is 25 at every
step, and the last weight is the first. Seed 1 draws a positive one, and the neuron learns
as if there were no ReLU. About half of all seeds are dead.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn, optim

from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x)
        return F.relu(x)


input = torch.tensor([1.0])
target = torch.tensor([5.0])


def train(
    net: Net, steps: int = 100, lr: float = 0.1, momentum: float = 0.9
) -> Iterator[torch.Tensor]:
    """Train the network; yield the loss that each step found, once the step is made."""
    criterion = nn.MSELoss()
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=momentum)

    for _ in range(steps):
        optimizer.zero_grad()
        output = net(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        yield loss


def main(seed: int = 0, steps: int = 100, lr: float = 0.1, momentum: float = 0.9) -> None:
    """Train a new network, and print it, its parameters and every loss on the way."""
    torch.manual_seed(seed)
    net = Net()
    print(net)
    print(list(net.parameters()))

    for loss in train(net, steps, lr, momentum):
        print(f"Loss = {loss}")

    print(list(net.parameters()))
    print(net(input))


if __name__ == "__main__":
    run(main)
