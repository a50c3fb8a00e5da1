"""A map read back from JSON; every value is checked, for the file may be anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_origin, get_type_hints

from kb.lattice import Cell, Gap, Lattice
from kb.map_parts import Bridge, Edge, Node, Shared, Trend, Year
from kb.maps import FORMAT, SCHEMA, ChallengeMap

T = TypeVar("T")


def from_json(data: object) -> ChallengeMap:
    """The map that `ChallengeMap.to_json` gave.

    Raises ValueError for anything else, naming what is wrong.
    """
    if not isinstance(data, Mapping):
        raise ValueError("not a map: not an object")
    meta = data.get("meta")
    if not isinstance(meta, Mapping) or meta.get("format") != FORMAT:
        raise ValueError(f"not a map: meta.format is not {FORMAT!r}")
    if meta.get("schema") != SCHEMA:
        raise ValueError(f"map of schema {meta.get('schema')!r}; this version reads {SCHEMA}")
    try:
        made = _map(meta, data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a complete map: {error}") from error
    known = {node.id for node in made.nodes}
    for edge in made.edges:
        for end in (edge.source, edge.target):
            if end not in known:
                raise ValueError(f"not a complete map: an edge names {end!r}, which is no node")
    return made


def _map(meta: Mapping[str, Any], data: Mapping[str, Any]) -> ChallengeMap:
    grid = Lattice(
        meta["rows"],
        meta["columns"],
        tuple(data["rows"]),
        tuple(data["columns"]),
        _rows(Cell, data["cells"]),
        filtered=bool(meta.get("filters")),
    )
    return ChallengeMap(
        dict(meta),
        grid,
        _rows(Node, data["nodes"]),
        _rows(Edge, data["edges"]),
        _rows(Gap, data.get("under_explored", ())),
        _rows(Year, data.get("years", ())),
        _rows(Trend, data.get("trends", ())),
        tuple(tuple(group) for group in data.get("communities", ())),
        _rows(Bridge, data.get("bridging", ())),
        _rows(Shared, [{**one, "phases": tuple(one["phases"])} for one in data.get("shared", ())]),
    )


def _rows(of: type[T], rows: Iterable[Mapping[str, Any]]) -> tuple[T, ...]:
    """Dataclasses from their fields among the values. Raises TypeError for a wrong type."""
    hints = get_type_hints(of)
    types = {name: tuple if get_origin(one) is tuple else one for name, one in hints.items()}
    found = []
    for values in rows:
        made = of(**{name: value for name, value in values.items() if name in types})
        for name, wanted in types.items():
            value = getattr(made, name)
            # A whole number is a number; JSON has one kind of it.
            if not isinstance(value, wanted) and not (wanted is float and type(value) is int):
                raise TypeError(f"{of.__name__.lower()}.{name} is {value!r}")
        found.append(made)
    return tuple(found)
