"""Notes which methods of the SDK are called with which parameters, and what of the SDK no call has touched.

What must be called is read from the SDK itself, so a new version with a new method or parameter fails until the
scripts call it or `out_of_scope.json` says why not.
"""

import inspect
import json
from pathlib import Path

OUT_OF_SCOPE = Path(__file__).with_name("out_of_scope.json")

# Parameters that every method has and that are the client's own: time limits, further headers.
OWN_PARAMETERS = {"request_options"}


class Watched:
    """A client of the SDK, or a room of it, whose calls are noted in `calls`."""

    def __init__(self, target: object, calls: dict[str, set[str]], room: str | None = None) -> None:
        self._target, self._calls, self._room = target, calls, room

    def __getattr__(self, name: str):
        found = getattr(self._target, name)
        if self._room is None:
            return Watched(found, self._calls, name) if is_room(found) else found
        if not inspect.ismethod(found):
            return found

        def called(*arguments, **named):
            bound = inspect.signature(found).bind(*arguments, **named)
            self._calls.setdefault(f"{self._room}.{name}", set()).update(bound.arguments)
            return found(*arguments, **named)

        return called


def is_room(value: object) -> bool:
    """Whether it is one of the client's resources, such as `client.events`."""
    return type(value).__module__.startswith("workos.") and not callable(value)


def rooms_of(client: object) -> dict[str, object]:
    names = [name for name in dir(type(client)) if not name.startswith("_")]
    found = {name: getattr(client, name) for name in names if not callable(getattr(type(client), name))}
    return {name: room for name, room in found.items() if is_room(room)}


def methods_of(room: object) -> dict[str, object]:
    return {name: method for name, method in inspect.getmembers(room, inspect.ismethod) if not name.startswith("_")}


def left_out(client: object, calls: dict[str, set[str]]) -> list[str]:
    """What of the SDK was neither called nor stands in `out_of_scope.json`, and what stands there without need."""
    with OUT_OF_SCOPE.open(encoding="utf-8") as file:
        scope = json.load(file)
    reasons: dict[str, str] = {name: why for part in scope.values() for name, why in part.items()}
    findings, known = [], set()
    for room_name, room in rooms_of(client).items():
        known.add(room_name)
        if room_name in reasons:
            continue
        for method_name, method in methods_of(room).items():
            name = f"{room_name}.{method_name}"
            known.add(name)
            if name in reasons:
                if name in calls:
                    findings.append(f"{name} is called, and stands in out_of_scope.json")
                continue
            if name not in calls:
                findings.append(f"{name} is never called")
                continue
            for parameter in inspect.signature(method).parameters:
                known.add(f"{name}({parameter})")
                passed = parameter in calls[name] or parameter in OWN_PARAMETERS
                if not passed and f"{name}({parameter})" not in reasons:
                    findings.append(f"{name} is never called with `{parameter}`")
    findings.extend(f"out_of_scope.json names {name}, which is not in the SDK" for name in reasons.keys() - known)
    return findings
