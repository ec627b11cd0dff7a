"""What a customer wants so far: ids and quantities, never prices. Every change gives a new cart."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_PER_LINE = 99
MOST_LINES = 30


@dataclass(frozen=True, slots=True)
class Line:
    item_id: str
    quantity: int

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= MOST_PER_LINE:
            raise ValueError(f"A line takes 1 to {MOST_PER_LINE} pieces, not {self.quantity}")


@dataclass(frozen=True, slots=True)
class Cart:
    lines: tuple[Line, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    def quantity_of(self, item_id: str) -> int:
        return sum(line.quantity for line in self.lines if line.item_id == item_id)

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def add(self, item_id: str, quantity: int) -> Cart:
        """Joins the line of the same item, up to the most that a line takes."""
        if item_id not in {line.item_id for line in self.lines}:
            return Cart((*self.lines, Line(item_id, quantity)))
        return Cart(
            tuple(
                replace(line, quantity=min(line.quantity + quantity, MOST_PER_LINE))
                if line.item_id == item_id
                else line
                for line in self.lines
            )
        )

    def with_quantity(self, item_id: str, quantity: int) -> Cart:
        """The line of this item holds just so many; raises ValueError for what no line takes."""
        lines = (replace(line, quantity=quantity) if line.item_id == item_id else line for line in self.lines)
        return Cart(tuple(lines))

    def without(self, item_ids: set[str]) -> Cart:
        return Cart(tuple(line for line in self.lines if line.item_id not in item_ids))
