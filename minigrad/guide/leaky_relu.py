"""One neuron with a leaky ReLU: a small slope brings a dead unit back.

leaky_relu(x) = x above zero and 0.01 * x below. The slope below zero is small, but it is
not 0, so a weight that starts there still learns, a hundred times slower, until it comes
out on the other side.

Look at seed 3, with which the ReLU neuron is dead: the loss stays near 25 for eighteen
steps while the weight creeps up from -0.99, then the weight passes zero and the loss falls
as it does for any other neuron.
"""

from collections.abc import Iterator

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)

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
