"""A whole training loop on data: one neuron learns the line f(x) = 2x + 1.

Every step draws a fresh x from [0, 5) and asks for f(x), so no single example decides
where the parameters end; the only pair that is right for all of them is weight 2, bias 1.
The loop is that of every training: zero the gradients, sample, forward, loss, backward,
step.

Look at the parameters every 200 samples: the weight is near 2 soon, and the bias needs far
longer to reach 1, because x multiplies the gradient of the weight and not of the bias. The
points come from torch.rand, so the seed decides all of them.
"""

from collections.abc import Iterator

import minigrad as torch
from minigrad import nn, optim
from minigrad.guide.command import run


def f(x: torch.Tensor) -> torch.Tensor:
    """The line to be learned."""
    return 2 * x + 1


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.fc(x)
        return output


def train(
    net: Net, steps: int = 3000, lr: float = 0.01, momentum: float = 0.0
) -> Iterator[torch.Tensor]:
    """Train the network on one fresh point of the line at each step; yield that point's loss."""
    criterion = nn.MSELoss()
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=momentum)

    for _ in range(steps):
        optimizer.zero_grad()
        input = torch.rand(1) * 5
        target = f(input)
        output = net(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        yield loss


def main(seed: int = 0, steps: int = 3000, lr: float = 0.01, momentum: float = 0.0) -> None:
    """Train a new network, and print its state before and after and every 200 samples."""
    torch.manual_seed(seed)
    net = Net()
    print(net)
    print(net.state_dict())

    for i, loss in enumerate(train(net, steps, lr, momentum)):
        if i % 200 == 0:
            state = net.state_dict()
            weight, bias = state["fc.weight"][0], state["fc.bias"]
            print(f"Iteration {i} || weight: {weight}, bias: {bias}, loss: {loss}")

    print(net.state_dict())


if __name__ == "__main__":
    run(main)
