"""A neuron with a bias: a bias is a parameter like any other.

The network computes output = leaky_relu(weight * input + bias). The bias has a gradient
and is moved by it just as the weight is; it is a weight whose input is always 1.

Look at the parameters before and after: the input here is 1 too, so both get the same
gradient at every step and move by the same amount. Any weight and bias whose sum is 5 are
right, so different seeds end at different pairs.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn, optim

from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x)
        return F.leaky_relu(x)


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
