"""`python -m reference distributed`: from minigrad to several machines.

A model of the guide is converted to PyTorch and trained by two processes, which
share the work as machines would: each sees half of the batch, and PyTorch's
DistributedDataParallel averages their gradients. minigrad trains the original on
the whole batch. After every step the parameters are compared: the updates are
the same, up to the rounding of sums that are added in another order.

The processes talk over 127.0.0.1 alone, and end with the command.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.guide import LIVING_SEED, PROGRAMS
from minigrad.guide.command import politely, program, seed, steps
from reference import MISSING

__all__ = ["Job", "Step", "main", "train_distributed", "train_whole"]

HOST, PROCESSES, ROWS = "127.0.0.1", 2, 8
PATIENCE = 120.0  # seconds that all of it may take
RTOL, ATOL = 1e-5, 1e-6  # a few roundings of float32
WORK = [sys.executable, "-c", f"from {__name__} import work; work()"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Job:
    """What a process has to do: train this module on these rows."""

    module: Any
    input: Array
    target: Array
    steps: int
    lr: float
    momentum: float

    def part(self, rank: int) -> Job:
        """The job of one of the processes: every other row."""
        rows = slice(rank, None, PROCESSES)
        return replace(self, input=self.input[rows], target=self.target[rows])


@dataclass(frozen=True)
class Step:
    """The loss that a step found, and the parameters that it left."""

    loss: float
    parameters: dict[str, Array]


def main(argv: Sequence[str]) -> int:
    """Run a command line; the status is 0 if the updates are equal, 1 if not, 2 without any."""
    parser = argparse.ArgumentParser(
        prog="python -m reference distributed",
        description=(__doc__ or "").partition("\n\n")[2],
        epilog="The exit status is 0 if the updates are equal, 1 if not, 2 if none were made.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name", nargs="?", type=program, default="sequential", metavar="NAME",
        help="a program of the guide (default: sequential)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=seed, default=LIVING_SEED, metavar="S", help=f"seed (default: {LIVING_SEED})"
    )
    parser.add_argument("--steps", type=steps, default=10, metavar="N", help="steps (default: 10)")
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has printed its help or its complaint
        return int(stop.code or 0)
    if importlib.util.find_spec("torch") is None:
        print(MISSING.format("PyTorch"), file=sys.stderr)
        return 2
    return politely(lambda: compare(arguments.name, arguments.seed, arguments.steps))


def compare(name: str, seed: int, steps: int) -> int:
    """Train in both ways and print a table; 0 if the updates are equal, 1 if not, 2 on failure."""
    job, twin = jobs(name, seed, steps)
    count, share = sum(p.numel() for p in job.module.parameters()), ROWS // PROCESSES
    print(f"{name}, {count} parameters, converted to PyTorch with reference.to_torch")
    print(
        f"{PROCESSES} processes on {HOST} with {share} rows each; minigrad has {ROWS}", flush=True
    )
    try:
        parts = train_distributed(twin)
    except (RuntimeError, TimeoutError) as error:
        print(f"the processes could not train: {error}", file=sys.stderr)
        return 2
    print("\nstep  loss, processes  loss, minigrad  largest difference of a parameter")
    equal = True
    for i, (whole, *ranks) in enumerate(zip(train_whole(job), *parts, strict=True), start=1):
        loss = float(np.mean([rank.loss for rank in ranks]))
        largest = max(difference(whole, rank) for rank in ranks)
        print(f"{i:>4}  {loss:>15.6f}  {whole.loss:>14.6f}  {largest:>33.1e}")
        equal = equal and all(close(whole, rank) for rank in ranks)
    print(f"\n{verdict(equal)}")
    return 0 if equal else 1


def jobs(name: str, seed: int, steps: int) -> tuple[Job, Job]:
    """The same job for minigrad and for PyTorch: a model of the guide and a random batch."""
    import minigrad
    from reference.interchange import to_torch

    ours, theirs = (PROGRAMS[name].load(home) for home in ("minigrad.guide", "reference"))
    minigrad.manual_seed(seed)
    net = ours.Net()
    features = next(p.shape[1] for p in net.parameters() if p.ndim == 2)
    input = minigrad.rand(ROWS, features)
    target = (2 * input.sum(dim=1, keepdim=True) + 1).expand(net(input).shape)
    options = PROGRAMS[name].defaults()
    rest = (input.numpy(), target.numpy().copy(), steps, options["lr"], options["momentum"])
    return Job(net, *rest), Job(to_torch(net, classes={ours.Net: theirs.Net}), *rest)


def train_whole(job: Job) -> Iterator[Step]:
    """Train on the whole batch with minigrad."""
    import minigrad

    yield from train(job, job.module, minigrad)


def train(job: Job, module: Any, torch: Any) -> Iterator[Step]:
    """The training loop, which is the same in both libraries."""
    optimizer = torch.optim.SGD(module.parameters(), lr=job.lr, momentum=job.momentum)
    input, target = (torch.tensor(array) for array in (job.input, job.target))
    for _ in range(job.steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(module(input), target)
        loss.backward()
        optimizer.step()
        parameters = {name: p.detach().numpy().copy() for name, p in job.module.named_parameters()}
        yield Step(loss.item(), parameters)


def difference(a: Step, b: Step) -> float:
    """The largest difference of a parameter."""
    return max(float(np.abs(v - b.parameters[k]).max()) for k, v in a.parameters.items())


def close(a: Step, b: Step) -> bool:
    """Whether all parameters are equal up to a few roundings."""
    return all(np.allclose(b.parameters[k], v, RTOL, ATOL) for k, v in a.parameters.items())


def verdict(equal: bool) -> str:
    if equal:
        return (
            "The updates are equal: half of the batch each, gradients averaged, is the whole batch."
        )
    return "The updates differ by more than rounding."


# ---- the processes ------------------------------------------------------------------------------


def train_distributed(job: Job, patience: float = PATIENCE) -> list[list[Step]]:
    """Train in several processes: the steps of each.

    Raises:
        RuntimeError: a process failed; the message is the end of what it said.
        TimeoutError: they took longer than `patience` seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for rank in range(PROCESSES):
            (place / f"job{rank}").write_bytes(pickle.dumps(job.part(rank)))
        with processes(place) as running:
            wait(running, place, time.monotonic() + patience)
        return [pickle.loads((place / f"steps{i}").read_bytes()) for i in range(PROCESSES)]


@contextmanager
def processes(place: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes, which are gone afterwards."""
    path = os.pathsep.join(
        filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    )
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", **loopback()}
    running: list[subprocess.Popen[bytes]] = []
    nothing = subprocess.DEVNULL
    try:
        for rank in range(PROCESSES):
            with (place / f"said{rank}").open("wb") as said:
                command = [*WORK, str(place), str(rank)]
                process = subprocess.Popen(
                    command, env=environment, stdin=nothing, stdout=said, stderr=said
                )
                running.append(process)
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def loopback() -> dict[str, str]:
    """Tell gloo which interface is 127.0.0.1; it would look for the one of the machine's name."""
    names = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    return {"GLOO_SOCKET_IFNAME": names[0]} if names else {}


def wait(running: list[subprocess.Popen[bytes]], place: Path, deadline: float) -> None:
    """Wait until all are done; a failed one is not waited for by the others."""
    while (statuses := [process.poll() for process in running]) != [0] * len(running):
        for rank, status in enumerate(statuses):
            if status:
                said = (place / f"said{rank}").read_text(errors="replace").strip()
                raise RuntimeError(f"process {rank} ended with status {status}: {said[-500:]}")
        if time.monotonic() > deadline:
            raise TimeoutError("they did not end in time")
        time.sleep(0.02)


def work() -> None:
    """What one of the processes does: train its part, and write its steps into the folder."""
    import torch
    from torch import distributed

    place, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    patience = timedelta(seconds=PATIENCE / 2)
    store: Any = distributed.FileStore(str(place / "store"), PROCESSES)  # where they meet
    distributed.init_process_group(
        "gloo", store=store, rank=rank, world_size=PROCESSES, timeout=patience
    )
    try:
        job = pickle.loads((place / f"job{rank}").read_bytes())
        module = torch.nn.parallel.DistributedDataParallel(job.module)
        done = list(train(job, module, torch))
        (place / f"steps{rank}").write_bytes(pickle.dumps(done))
        distributed.barrier()  # nobody leaves while another still listens
    finally:
        distributed.destroy_process_group()
    # Now and then a thread of PyTorch's aborts the process while Python takes its modules apart.
    # The steps are written, so there is nothing to take apart.
    os._exit(0)
