"""A neuron with two inputs: one weight for each, and one bias for the sum.

The network computes output = leaky_relu(w0 * x0 + w1 * x1 + bias). This is the whole
neuron: weigh the inputs, add them up, add the bias, bend.

Look at the parameters: the gradient of a weight is the error times that weight's own
input. Both inputs are 1 here, so both weights and the bias move by the same amount, and
keep the distance from each other that the seed gave them.
"""

from collections.abc import Iterator

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 1, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x)
        return F.leaky_relu(x)


input = torch.tensor([1.0, 1.0])
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
