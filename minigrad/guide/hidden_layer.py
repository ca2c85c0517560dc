"""A hidden layer: a layer that feeds a layer.

Three neurons read the two inputs, and a fourth reads those three. Nobody gives the hidden
neurons a target: what they should do comes back to them through the weights of the last
neuron, by the chain rule. That is backpropagation.

Look at the parameters: those of both layers have moved. A hidden neuron's gradient is the
error times the weight that connects it to the output, so a neuron with a weak connection
hardly moves, and one with a negative weight moves the other way.
"""

from collections.abc import Iterator

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.guide.command import run


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(2, 3)
        self.fc2 = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc1(x)
        x = self.fc2(x)
        return F.leaky_relu(x)


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
