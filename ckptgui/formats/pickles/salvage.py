"""What a pickle that breaks off had said: values that were waiting for the operation that would join them.

torch.save fills a dictionary from its end: names and tensors pile up on the stack until one SETITEMS. Where
the file is cut before, the pile is joined here as that operation would have done, and the last, unfinished
value is left out.
"""

from __future__ import annotations

from ckptgui.formats.pickles.graph import MAPPINGS, MISSING, Call, Dict, Node, Ref, Set


def fold(stack: list[Node], marks: list[list[Node]]) -> Node:
    """The root as far as it was told; None when not even that was begun."""
    while marks:
        pending = stack
        stack = marks.pop()
        _absorb(stack, pending)
    _settle_states(stack)
    while len(stack) >= 3 and _is_mapping(stack[-3]) and _is_key(stack[-2]):
        _put(stack[-3], [stack[-2], stack[-1]])
        del stack[-2:]
        _settle_states(stack)
    return stack[0] if stack and type(stack[0]) is not Ref else None


def _absorb(stack: list[Node], pending: list[Node]) -> None:
    """Join what was pending since a mark to the value before the mark."""
    _settle_states(pending)
    target = stack[-1] if stack else None
    if _is_mapping(target) and (not pending or _is_key(pending[0])):
        _put(target, _whole_pairs(pending))
    elif type(target) is list:
        target.extend(item for item in pending if type(item) is not Ref)
    elif type(target) is Set:
        target.items.extend(pending)
    elif type(target) is Ref:
        stack.pop()  # arguments of a call that was never made


def _whole_pairs(pending: list[Node]) -> list[Node]:
    """Leading pairs of key and finished value; a dictionary still to be filled takes the pair behind it.

    Whether an empty dictionary is finished cannot be told from the pile, but one whose next key is of
    another type than its own is not: that is how an optimizer's state by parameter number looks.
    """
    stop = 0
    while stop + 1 < len(pending) and _is_key(pending[stop]) and type(pending[stop + 1]) is not Ref:
        stop += 2
    pairs = pending[:stop]
    while len(pairs) >= 4 and _is_empty(pairs[-3]) and type(pairs[-2]) is not type(pairs[-4]):
        _put(pairs[-3], pairs[-2:])
        del pairs[-2:]
    return pairs


def _is_empty(node: Node) -> bool:
    return _is_mapping(node) and not node.flat


def _settle_states(stack: list[Node]) -> None:
    """Give a dictionary at the end of the pile to the object before it, as BUILD would have."""
    while len(stack) >= 2 and type(stack[-1]) is Dict:
        target = stack[-2]
        if type(target) is not Call or not target.makes or target.state is not MISSING:
            break
        target.state = stack.pop()


def _is_mapping(node: Node) -> bool:
    return type(node) is Dict or (type(node) is Call and node.path in MAPPINGS)


def _is_key(node: Node) -> bool:
    return node is None or type(node) in (str, int, float, bool, bytes)


def _put(target: Node, flat: list[Node]) -> None:
    if target.flat is None:
        target.flat = []
    target.flat.extend(flat)
