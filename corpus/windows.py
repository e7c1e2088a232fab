"""Puts a text together again that was extracted in overlapping windows. Knows nothing of paragraphs and sentences.

A window is a run of lines. Windows overlap, begin and end in the middle of a sentence, and where the extraction took the
right page of a spread before the left one, the sections inside a window stand in the wrong order. What can be trusted:
the lines under one heading keep their order, and headings that carry a number say where they belong. So the windows are
cut at their headings, the pieces under one heading are merged line by line, and the headings are ordered as a tree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from corpus.fold import fold
from corpus.headings import Heading, parse_heading

# A heading is known by its folded text, together with that of its parent where the same words recur (○市の取組).
Key = tuple[str, ...]
ROOT: Key = ()
_RECURRING_RANK = 4  # ○ and （１） headings recur under different parents; all outer ones are unique in a document
_NUMBER_RANK = 2


@dataclass(slots=True)
class _Node:
    """All that the windows say about one heading."""

    heading: Heading
    first_seen: int
    pieces: list[list[str]] = field(default_factory=list)
    parent_votes: Counter[Key] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines of one window under one heading; `heading` is None for those before the window's first heading."""

    heading: Heading | None
    lines: list[str]


def split_windows(lines: Iterable[str]) -> list[list[str]]:
    """Cut raw lines into windows: a line that begins with exactly one space begins a window."""
    windows: list[list[str]] = [[]]
    for line in lines:
        if line.startswith(" ") and not line.startswith("  "):
            windows.append([])
        windows[-1].append(line)
    return [window for window in windows if any(line.strip() for line in window)]


def merge_windows(windows: Sequence[Sequence[str]]) -> list[str]:
    """Return every line of the windows once, in the document's order.

    Args:
        windows: tidy, non-empty lines of each window, in the order of the file.

    A line that recurs under one heading (the cells of a table) is kept as often as the longest piece has it.
    """
    cut = [_cut_at_headings(window) for window in windows]
    nodes, all_keys, loose = _collect(cut)
    _vote_for_parents(all_keys, nodes)
    children = _tree(nodes)
    lines = [line for piece in loose for line in piece]
    _write_out(ROOT, children, nodes, lines)
    return lines


def _cut_at_headings(window: Sequence[str]) -> list[_Piece]:
    pieces = [_Piece(None, [])]
    for line in window:
        heading = parse_heading(line)
        if heading:
            pieces.append(_Piece(heading, []))
        else:
            pieces[-1].lines.append(line)
    return pieces


def _keys(pieces: Sequence[_Piece], start: Key | None) -> list[Key | None]:
    """The key of each piece's heading; `start` is the one that the window's first lines belong to, None if unknown.

    A recurring heading before the window's first topic has no key as long as `start` is unknown.
    """
    keys: list[Key | None] = [start]
    topic = start[:1] if start is not None else None
    for piece in pieces[1:]:
        assert piece.heading is not None
        own = fold(piece.heading.text)
        if piece.heading.rank < _RECURRING_RANK:
            topic = (own,)
            keys.append(topic)
        else:
            keys.append(None if topic is None else (*topic, own))
    return keys


def _collect(cut: Sequence[list[_Piece]]) -> tuple[dict[Key, _Node], list[list[Key | None]], list[list[str]]]:
    """The nodes with their pieces, the keys of each window's pieces, and beginnings that nothing else contains.

    First what stands under a known heading, then the windows that begin in the middle of a section: where their first
    lines belong is seen from the windows that hold the same lines.
    """
    nodes: dict[Key, _Node] = {}

    def add(keys: Sequence[Key | None], pieces: Sequence[_Piece], known: Sequence[Key | None]) -> None:
        for key, before, piece in zip(keys[1:], known[1:], pieces[1:], strict=True):
            if key is not None and before is None and piece.heading is not None:
                nodes.setdefault(key, _Node(piece.heading, len(nodes))).pieces.append(piece.lines)

    first_look = [_keys(pieces, None if pieces[0].lines else ROOT) for pieces in cut]
    for keys, pieces in zip(first_look, cut, strict=True):
        add(keys, pieces, [None] * len(keys))
    all_keys = []
    loose = []
    for known, pieces in zip(first_look, cut, strict=True):
        beginning = pieces[0].lines
        home = _home_of(beginning, nodes)
        if home is not None:
            nodes[home].pieces.append(beginning)
        elif beginning:
            loose.append(beginning)
        keys = _keys(pieces, home or ROOT)
        add(keys, pieces, known)
        all_keys.append(keys)
    return nodes, all_keys, loose


def _home_of(lines: Sequence[str], nodes: dict[Key, _Node]) -> Key | None:
    """The heading under which most of `lines` stand in another window, or None if none of them does."""
    wanted = {fold(line) for line in lines}
    shared = {key: len(wanted & {fold(line) for piece in node.pieces for line in piece}) for key, node in nodes.items()}
    best = max(shared, key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] else None


def _vote_for_parents(all_keys: Sequence[Sequence[Key | None]], nodes: dict[Key, _Node]) -> None:
    """Let each window say which heading encloses which: by what stands before, and by the number that comes next.

    A topic before section 6 belongs to section 5. One window may be wrong, where pages are swapped; the sum is not.
    """
    numbered = {node.heading.number: key for key, node in nodes.items() if node.heading.style == "number"}
    for keys in all_keys:
        topics = [key for key in keys if key and len(key) == 1]
        enclosing: list[Key] = []
        for here, key in enumerate(topics):
            heading = nodes[key].heading
            enclosing = [outer for outer in enclosing if nodes[outer].heading.rank < heading.rank]
            # The first topic of a window that begins inside it has been voted for where its heading stands.
            begun_before = here == 0 and keys[0] and keys[0][:1] == key
            if enclosing and not begun_before:
                nodes[key].parent_votes[enclosing[-1]] += 1
            follower = nodes[topics[here + 1]].heading if here + 1 < len(topics) else None
            if heading.rank > _NUMBER_RANK and follower and follower.style == "number":
                before = numbered.get((follower.number or 0) - 1)
                if before:
                    nodes[key].parent_votes[before] += 1
            if begun_before and nodes[key].parent_votes:
                enclosing.append(_first_of_most(nodes[key].parent_votes))
            enclosing.append(key)


def _tree(nodes: dict[Key, _Node]) -> dict[Key, list[Key]]:
    """Parent → children in the document's order: by number where they carry one, else as they first occur."""
    families: defaultdict[str, Counter[Key]] = defaultdict(Counter)
    for node in nodes.values():
        families[node.heading.style].update(node.parent_votes)
    children: defaultdict[Key, list[Key]] = defaultdict(list)
    for key, node in nodes.items():
        parent = key[:-1] if len(key) > 1 else _likeliest_parent(node, families[node.heading.style])
        children[parent].append(key)
    for siblings in children.values():
        siblings.sort(key=lambda key: (nodes[key].heading.rank, nodes[key].heading.number or 0, nodes[key].first_seen))
    return children


def _likeliest_parent(node: _Node, family: Counter[Key]) -> Key:
    """The parent with most votes; without any, the one that most headings with the same mark have."""
    votes = node.parent_votes or family
    return _first_of_most(votes) if votes else ROOT


def _first_of_most(votes: Counter[Key]) -> Key:
    """The key with most votes; of several, the one that was named first in the file."""
    return max(votes, key=votes.__getitem__)


def _write_out(parent: Key, children: dict[Key, list[Key]], nodes: dict[Key, _Node], lines: list[str]) -> None:
    for key in children.get(parent, []):
        lines.append(nodes[key].heading.text)
        lines.extend(_merge_pieces(nodes[key].pieces))
        _write_out(key, children, nodes, lines)


def _merge_pieces(pieces: Sequence[list[str]]) -> list[str]:
    """Merge line sequences that overlap into one that has each as a subsequence."""
    merged: list[str] = []
    for piece in sorted(pieces, key=len, reverse=True):
        if not merged:
            merged = list(piece)
            continue
        match = SequenceMatcher(None, [fold(line) for line in merged], [fold(line) for line in piece], autojunk=False)
        result: list[str] = []
        for tag, a_start, a_end, b_start, b_end in match.get_opcodes():
            result.extend(merged[a_start:a_end])
            if tag in ("insert", "replace"):
                result.extend(piece[b_start:b_end])
        merged = result
    return merged
