"""Where the values of a program live: in memory that was there, in buffers, or in new arrays.

A value lives from the line that makes it to the last line that reads it. It may take the place of
another whose life is over: so an update is made in place, a large buffer serves several values one
after the other, and what the step leaves behind is computed where it is to be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minigrad.program.notation.calls import ELEMENTWISE, UPDATES
from minigrad.program.notation.lines import Block, Line
from minigrad.program.notation.values import Value, values_in
from minigrad.program.rules.pack import parts_of
from minigrad.program.rules.simplify import Draft

__all__ = ["Place", "Plan", "planned", "whole"]

LARGE = 1 << 15  # bytes: from here on, buffers are used again under another name


@dataclass(eq=False)
class Place:
    """A piece of memory.

    kind    "given", "buffer", or "output": a buffer that somebody outside may keep
    layout  a value of the shape, dtype and strides in which it is made
    until   the line after which the value that is there now is no longer needed
    shares  the place whose memory it uses again
    within  the place whose part it is, and the look at that which shows it
    """

    kind: str
    layout: Value
    until: int = -1
    shares: Place | None = None
    within: tuple[Place, str] | None = None
    values: list[Value] = field(default_factory=list)


@dataclass
class Plan:
    """A program whose values have places.

    copies  what is to be copied into given memory at the end: (given value, value)
    """

    draft: Draft
    places: dict[Value, Place]
    copies: list[tuple[Value, Value]] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        return self.draft.lines

    def place(self, value: Value) -> Place | None:
        return self.places.get(value.root)

    def is_within(self, value: Value, pack: Value) -> bool:
        """Whether a value was made in its part of a pack."""
        place = self.place(value)
        within = None if place is None else place.within
        return within is not None and within[0] is self.places[pack]


def planned(draft: Draft, returned: int) -> Plan:
    """A place for each value; the first outputs, so many, are in new memory in every step."""
    return Planner(with_own_memory(draft, returned), returned).plan()


def with_own_memory(draft: Draft, returned: int = 0) -> Draft:
    """Copy what is to be stored or put out, where it is no new value of its own.

    What is returned first, so many, may have gaps: it is the part that the step would return.
    """
    lines, taken = list(draft.lines), set[Value]()

    def own(value: Value, is_back: bool = False, is_returned: bool = False) -> Value:
        root = value.root
        keeps_gaps = is_returned and not is_dense(value)
        if root.kind == "result" and root not in taken and (is_whole(value) or keeps_gaps):
            taken.add(root)
            return value
        copy = Value("result", value)
        lines.append(Line("assign", (value,), copy, is_back=is_back))
        taken.add(copy)
        return copy

    stores = [(given, own(value)) for given, value in draft.stores]
    outputs = [own(value, is_returned=i < returned) for i, value in enumerate(draft.outputs)]
    back = [own(value, is_back=True) for value in draft.back]
    lines.sort(key=lambda line: line.is_back)
    return Draft(draft.tape, lines, stores, outputs, back, draft.became)


class Planner:
    """Goes down the lines and gives each value a place."""

    def __init__(self, draft: Draft, returned: int) -> None:
        self.draft = draft
        self.places: dict[Value, Place] = {}
        self.last: dict[Value, int] = {}
        self.consumers: dict[Value, Line] = {}  # the line that reads a value last
        self.free: list[Place] = []
        self.is_back = {line.out: line.is_back for line in draft.lines}
        self.loops = {line.block: i for i, line in enumerate(draft.lines)}  # and where they end
        for i, line in enumerate(draft.lines):
            for value in line.reads():
                last = self.last.get(value.root, -1)
                self.last[value.root] = max(last, self.last_read(value, line.block, i))
                self.consumers[value.root] = line
        for value in draft.wanted():
            self.last[value] = len(draft.lines)
        self.targets = {v.root: Place("output", whole(v)) for v in (*draft.outputs, *draft.back)}
        for given, value in draft.stores:
            place = Place("given", given, self.last.get(given, -1))
            self.places[given] = self.targets[value.root] = place
        self.lay_side_by_side({value.root for value in (*draft.outputs[:returned], *draft.back)})

    def lay_side_by_side(self, fresh: set[Value]) -> None:
        """Let what is to be packed be made in its part of the pack."""
        for line in self.draft.lines:
            values = [*values_in(line.inputs)]
            if line.function != "pack" or any(v.dtype != line.out.dtype for v in values):
                continue
            pack = self.targets[line.out] = Place("output", line.out)
            parts = parts_of(self.draft.tape, line.out, [value.shape for value in values])
            for part, value in zip(parts, values, strict=True):
                root = value.root
                place = self.targets.get(root, Place("output", root))
                is_free = place.kind == "output" and place.within is None and root not in fresh
                if is_free and root.kind == "result" and root.is_contiguous and is_whole(value):
                    place.within = pack, look_at(part, place.layout)
                    self.targets[root] = place

    def last_read(self, value: Value, block: Block | None, i: int) -> int:
        """When the line at i reads a value last; some values are the same for all of its loop."""
        if block is None or value.root in block.own or is_cut(value, block):
            return i
        return self.loops[block]

    def plan(self) -> Plan:
        for i, line in enumerate(self.draft.lines):
            place = self.place_for(line, i)
            place.until = self.last.get(line.out, i)
            place.values.append(line.out)
            self.places[line.out] = place
            self.release(i)
        copies = [
            (given, value)
            for given, value in self.draft.stores
            if self.places[value.root] is not self.places[given]
        ]
        return Plan(self.draft, self.places, copies)

    def place_for(self, line: Line, i: int) -> Place:
        wanted = self.wanted(line.out)
        if wanted is not None and self.is_open(wanted, line, i):
            return wanted
        if line.function in UPDATES:
            base = self.place_of_base(line, i)
            if base is not None:
                return base
        return self.dying_operand(line, i) or self.used_again(line.out) or Place("buffer", line.out)

    def wanted(self, value: Value) -> Place | None:
        """Where a value, or what is made of it in place, is to be found in the end."""
        for _ in range(100):
            if value in self.targets:
                return self.targets[value]
            line = self.consumers.get(value)
            if line is None or self.last[value] >= len(self.draft.lines):
                return None
            follows = line.function in UPDATES and line.inputs[0] is value
            if not follows and not (is_in_place(line) and value in line.inputs):
                return None
            if not has_layout(value, line.out):
                return None
            if line.is_back is not self.is_back.get(value, line.is_back):
                return None  # the way back may be walked again, and leaves the step's values alone
            value = line.out
        return None

    def is_open(self, place: Place, line: Line, i: int) -> bool:
        """Whether a line may write to a place: nobody needs what is there, or only this line."""
        if any(self.is_back.get(value) is not line.is_back for value in place.values):
            return False
        if place.until != i:
            return place.until < i
        is_outside = line.block is not None and line.out not in line.block.own
        lines = self.lines_of(line.block) if is_outside else [line]
        reads = (value for reader in lines for value in reader.reads())
        readers = [value for value in reads if self.places.get(value.root) is place]
        if line.function in UPDATES:
            return all(value is line.inputs[0] for value in readers)
        if line.function == "float":  # Python has read all before anything is written
            return True
        is_same = all(value.base is None and has_layout(value, line.out) for value in readers)
        return is_in_place(line) and is_same

    def place_of_base(self, line: Line, i: int) -> Place | None:
        base = line.inputs[0]
        assert isinstance(base, Value)
        place = self.places.get(base)
        if place is None or place.kind != "buffer" or self.last.get(base) != i:
            return None
        return place if self.is_open(place, line, i) else None

    def dying_operand(self, line: Line, i: int) -> Place | None:
        """The place of an operand that nobody needs any more, to work in it."""
        if not is_in_place(line):
            return None
        for value in line.reads():
            place = self.places.get(value)
            if place is None or place.kind != "buffer" or place.until != i:
                continue
            if has_layout(value, line.out) and self.is_open(place, line, i):
                return place
        return None

    def used_again(self, value: Value) -> Place | None:
        """A large buffer whose value is no longer needed, under a new name."""
        for place in self.free:
            is_same = all(self.is_back[v] is self.is_back[value] for v in place.values)
            if is_same and place.layout.nbytes == value.nbytes and value.nbytes >= LARGE:
                self.free.remove(place)
                return Place("buffer", value, shares=place.shares or place)
        return None

    def release(self, i: int) -> None:
        """Take note of the buffers that have become free."""
        for value in self.read_at(i):
            place = self.places.get(value)
            if place is None or place.kind != "buffer" or place.until > i:
                continue
            if place.values[-1] is value and place not in self.free:
                self.free.append(place)

    def read_at(self, i: int) -> set[Value]:
        """What the line at i may have read last; at the end of a loop, what the loop has read."""
        line = self.draft.lines[i]
        roots = {value.root for value in line.reads()}
        if line.block is None:
            return roots
        inner = roots & line.block.own
        if i < self.loops[line.block]:
            return inner
        reads = {value.root for reader in self.lines_of(line.block) for value in reader.reads()}
        return inner | (reads - line.block.own)

    def lines_of(self, block: Block | None) -> list[Line]:
        return [line for line in self.draft.lines if line.block is block]


def look_at(part: Value, value: Value) -> str:
    """How a part of a flat array is seen in the shape of a value."""
    flat = part if part.base is None or part.base.base is None else part.base
    return flat.look if len(value.shape) == 1 else f"{flat.look}.reshape{value.shape}"


def is_cut(value: Value, block: Block) -> bool:
    """Whether a loop only sees those rows of an array that its block has come to."""
    return value.base is None and value.shape == block.shape


def is_in_place(line: Line) -> bool:
    """Whether a line may write over an operand, and whether that is no loss.

    It may if each element of the result depends on that very element of the operands alone. With a
    single one NumPy copies the operand first, because it could be read again.
    """
    if line.function == "float":  # Python has read all before anything is written
        return True
    return line.out.size > 1 and (line.function in ELEMENTWISE or line.function == "assign")


def is_whole(value: Value) -> bool:
    """Whether a value is all of its root in another shape, or the root itself."""
    root = value.root
    if value is root:
        return True
    same = value.size == root.size and value.dtype == root.dtype
    return same and value.is_contiguous and root.is_contiguous


def whole(value: Value) -> Value:
    """The value, or its root if it is a part of that."""
    return value if is_whole(value) else value.root


def is_dense(value: Value) -> bool:
    """Whether the elements lie without gaps, in whatever order of the dims."""
    width = value.dtype.itemsize
    for stride, n in sorted(zip(value.strides, value.shape, strict=True)):
        if n != 1 and stride != width:
            return False
        width *= n
    return True


def has_layout(a: Value, b: Value) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.strides == b.strides
