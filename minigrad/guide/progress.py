"""One line on the terminal that says how far a long run is, and goes away again.

It is for people: nothing is shown where stderr is no terminal, nor in the first moments.
"""

import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Self, TextIO

PATIENCE, PERIOD = 0.5, 0.1  # seconds: before the first line, between two of them


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be looking at this stream."""
    return stream is not None and stream.isatty()


class StatusLine:
    """The last line of a terminal, rewritten in place."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = is_terminal(stream)
        self.due = time.monotonic() + PATIENCE
        self.width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.clear()

    def tell(self, text: str) -> None:
        """Show `text`, unless the line before it is too fresh to have been read."""
        if self.live and (now := time.monotonic()) >= self.due:
            self.due = now + PERIOD
            self.draw(text[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Wipe the line, so that other text may be printed."""
        if self.width:
            self.draw("")
            self.stream.write("\r")
            self.stream.flush()

    def draw(self, text: str) -> None:
        """Write `text` over the line that stands there, and blanks over its rest."""
        self.stream.write("\r" + text.ljust(self.width))
        self.stream.flush()
        self.width = len(text)


class Relay(io.TextIOBase):
    """Passes on what is written, and tells a status line the latest of it."""

    def __init__(self, target: TextIO, status: StatusLine) -> None:
        self.target = target
        self.status = status
        self.lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        if text.strip():
            self.status.tell(f"{self.lines:,} lines written, now: {text.splitlines()[-1]}")
        return self.target.write(text)

    def flush(self) -> None:
        self.target.flush()

    def fileno(self) -> int:
        return self.target.fileno()


@contextmanager
def relayed(output: TextIO, terminal: TextIO) -> Iterator[None]:
    """Show the latest of what is printed into a file or a pipe on the terminal, for the time."""
    if is_terminal(output) or not is_terminal(terminal):
        yield
        return
    with StatusLine(terminal) as status, redirect_stdout(Relay(output, status)):
        yield
