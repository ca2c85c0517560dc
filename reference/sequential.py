"""The same network again, declared as a pipeline.

nn.Sequential keeps a list of modules and passes each one's output to the next, so forward
has nothing left to say. The activation is a module here, nn.LeakyReLU, where it was a
function before; it has no parameters, so nothing else changes.

Look at the losses: for the same seed they are those of hidden_layer, digit for digit. Only
the printed network and the names of its parameters differ.
"""

from collections.abc import Iterator

import torch
from torch import nn, optim

from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1), nn.LeakyReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.layers(x)
        return output


input = torch.tensor([1.0, 1.0])
target = torch.tensor([10.0])


def train(
    net: Net, steps: int = 100, lr: float = 0.01, momentum: float = 0.9
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


def main(seed: int = 0, steps: int = 100, lr: float = 0.01, momentum: float = 0.9) -> None:
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
