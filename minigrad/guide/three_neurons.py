"""A layer of three neurons: each has weights, a bias and a target of its own.

Linear(2, 3) feeds the same two inputs to three neurons; row i of the weight belongs to
neuron i. The activation works on each output by itself, and the loss is the mean of the
three squared errors. Nothing connects the neurons: three trainings run side by side.

Look at the output: it ends near [5, 6, 7]. A neuron whose output starts below zero sets
off later than the others, and the mean over three makes each gradient a third as large.
"""

from collections.abc import Iterator

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 3, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x)
        return F.leaky_relu(x)


input = torch.tensor([1.0, 1.0])
target = torch.tensor([5.0, 6.0, 7.0])


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
