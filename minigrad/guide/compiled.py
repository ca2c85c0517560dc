"""The training step of each program of the guide, compiled: backpropagation as NumPy.

`minigrad compile NAME` prints it. The step is the body of the loop in the program's `train`.
"""

from typing import Any

import minigrad as torch
from minigrad import nn, optim
from minigrad.guide import Program
from minigrad.program import Compiled

POINT = 1.5  # where the line is sampled; its own program draws a point in every step


def compiled(entry: Program, style: str = "buffers") -> Compiled:
    """The compiled step of a program, after three steps: the first of them makes the momentum."""
    program, options = entry.load(), entry.defaults()
    torch.manual_seed(options["seed"])
    net = program.Net()
    criterion = nn.MSELoss()
    optimizer = optim.SGD(net.parameters(), lr=options["lr"], momentum=options["momentum"])

    def train_step(input: torch.Tensor, target: torch.Tensor) -> Any:
        optimizer.zero_grad()
        output = net(input)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        return loss

    step: Compiled = torch.compile(train_step, style=style)
    for _ in range(3):
        step(*example(program))
    return step


def example(program: object) -> tuple[torch.Tensor, torch.Tensor]:
    """The input and the target of a program."""
    x = getattr(program, "input", torch.tensor([POINT]))
    y = getattr(program, "target", None)
    return x, program.f(x) if y is None else y  # type: ignore[attr-defined]
