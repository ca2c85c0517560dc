"""One neuron, one input, no bias, no activation: descent finds a weight.

The network computes output = weight * input. Input 1 and target 5 leave one good weight,
5/1 = 5, which nobody tells it: every step moves the weight a little against the gradient
of the loss, d(loss)/d(weight) = 2 * (output - target) * input.

Look at the losses: they fall, rise again and fall, several times over. That is momentum.
It carries the weight past 5 and back before it settles there; with --momentum 0 the loss
only falls.
"""

from collections.abc import Iterator

import minigrad as torch
from minigrad import nn, optim
from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.fc(x)
        return output


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
