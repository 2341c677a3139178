"""Moves of a regular graph that keep its rotational symmetry, judged by distances; compiled.

Under an s-fold rotation node v goes to v + n/s (mod n); an edge and its images form an orbit. A
move replaces whole orbits, so the graph stays symmetric, and only the n/s base nodes 0 … n/s − 1
need a breadth-first search. Far fewer graphs are left to search through, among them often
better ones than a plain search meets: see which entries of the catalogue it found.

Excess and steps are those of `swap_kernel`. Compiled functions call only functions of this file
and of `bits`: see there.
"""

from typing import NamedTuple

import numpy as np

from graphprune.graphs.bits import helper, kernel, popcount, random_word
from graphprune.graphs.swap_kernel import UNREACHED

_U = np.uint64
_ONE = np.uint64(1)
_MISSES = 100_000  # draws in a row without a possible move: there is none, and the search ends
_SAME_TEMPERATURE = 256  # steps
_TURNS = 4  # one move in so many shifts the far ends of a single orbit


class RotationState(NamedTuple):
    """A graph of n nodes in W = ⌈n/64⌉ words a row (flat); arrays are changed in place.

    rows, saved, best: (n·W,) the neighbours of each node now, before the move in hand, and in
    the best graph met. reached, shell, wider: (W,) sets of a search. random: (1,).
    """

    rows: np.ndarray
    saved: np.ndarray
    best: np.ndarray
    reached: np.ndarray
    shell: np.ndarray
    wider: np.ndarray
    random: np.ndarray


@helper
def _below(random, limit):
    return np.int64((random_word(random) >> _U(32)) * _U(limit) >> _U(32))


@helper
def _lowest(word):
    """Index of the lowest bit set."""
    return np.int64(popcount((word & (~word + _ONE)) - _ONE))


@helper
def _neighbour(words, rows, node, rank):
    """The neighbour of `node` with `rank` smaller ones."""
    left = np.int64(rank)
    found = np.int64(0)
    for w in range(len(words)):
        word = rows[node * len(words) + w]
        size = np.int64(popcount(word))
        if 0 <= left < size:
            for _ in range(left):
                word &= word - _ONE
            found = 64 * w + _lowest(word)
        left -= size
    return found


@helper
def _degree(words, rows, node):
    total = np.int64(0)
    for w in range(len(words)):
        total += np.int64(popcount(rows[node * len(words) + w]))
    return total


@helper
def _set_orbit(words, rows, n, base, folds, u, v, present):
    """Put the edge u–v and its images there (`present`), or take them away."""
    for _ in range(folds):
        for one, other in ((u, v), (v, u)):
            at, bit = one * len(words) + other // 64, _ONE << _U(other % 64)
            rows[at] = rows[at] | bit if present else rows[at] & ~bit
        u, v = (u + base) % n, (v + base) % n


@kernel
def _judge(words, state, n, base, folds, moore, allowed):
    """Excess of the whole graph; or, once it exceeds `allowed`, some value above that."""
    rows, reached, shell, wider = state.rows, state.reached, state.shell, state.wider
    total = np.int64(0)
    for start in range(base):
        for w in range(len(words)):
            reached[w] = _U(0)
            shell[w] = rows[start * len(words) + w]
        reached[start // 64] = _ONE << _U(start % 64)
        radius, size = 1, np.int64(1)
        while True:
            found = np.int64(0)
            for w in range(len(words)):
                reached[w] |= shell[w]
                found += np.int64(popcount(shell[w]))
                wider[w] = _U(0)
            size += found
            total += folds * ((moore[radius] if radius < len(moore) else n) - size)
            if size == n:
                break
            if not found:
                return UNREACHED
            if total > allowed:
                return total
            for w in range(len(words)):
                left = shell[w]
                while left:
                    node = 64 * w + _lowest(left)
                    left &= left - _ONE
                    for x in range(len(words)):
                        wider[x] |= rows[node * len(words) + x]
            for w in range(len(words)):
                shell[w] = wider[w] & ~reached[w]
            radius += 1
    return total


@helper
def _copy(source, target):
    for p in range(len(source)):
        target[p] = source[p]


@helper
def _move(words, state, n, k, base, folds):
    """Draw a move and make it; whether the graph is still simple and regular."""
    rows, random = state.rows, state.random
    u = _below(random, base)
    v = _neighbour(words, rows, u, _below(random, k))
    turn = base * _below(random, folds)
    if _below(random, _TURNS) == 0:
        # u–v becomes u–y, where y is an image of v.
        x, y = u, (v + turn) % n
        if y == u:
            return False
        _set_orbit(words, rows, n, base, folds, u, v, False)
        _set_orbit(words, rows, n, base, folds, u, y, True)
    else:
        # u–v and x–y become u–y and x–v.
        x = _below(random, base)
        y = (_neighbour(words, rows, x, _below(random, k)) + turn) % n
        x += turn
        if u == y or x == v:
            return False
        _set_orbit(words, rows, n, base, folds, u, v, False)
        _set_orbit(words, rows, n, base, folds, x, y, False)
        _set_orbit(words, rows, n, base, folds, u, y, True)
        _set_orbit(words, rows, n, base, folds, x, v, True)
    # An edge that was there already, or an orbit of another length, shows in the degrees.
    same = _degree(words, rows, u) == k and _degree(words, rows, v) == k
    return same and _degree(words, rows, x) == k and _degree(words, rows, y) == k


@kernel
def search(words, n, k, folds, moore, state, rule, tally, until, sums, taken):
    """Go on from `tally` to step `until`; (start, now, best excess, steps, moves taken).

    The arguments are those of `swap_kernel.search`; of `rule`, lowest, fixed and every do not
    matter. folds: the s of the symmetry; rows must have it.
    """
    base = n // folds
    start, now, best, step, moves = tally
    if start < 0:
        start = now = best = _judge(words, state, n, base, folds, moore, UNREACHED)
    temperature, misses = 0.0, 0
    while step < until and now > rule.enough and misses < _MISSES:
        if rule.hot > 0 and (temperature == 0 or step % _SAME_TEMPERATURE == 0):
            temperature = rule.hot * rule.cooling ** (step - step % _SAME_TEMPERATURE)
        _copy(state.rows, state.saved)
        if not _move(words, state, n, k, base, folds):
            _copy(state.saved, state.rows)
            misses += 1
            continue
        step += 1
        misses = 0
        allowed = now
        if rule.hot > 0:
            uniform = (np.float64(random_word(state.random) >> _U(11)) + 0.5) * 2.0**-53
            allowed += np.int64(-np.log(uniform) * temperature)
        excess = _judge(words, state, n, base, folds, moore, allowed)
        accepted = excess <= allowed
        if accepted:
            now = excess
            moves += 1
            if now < best:
                best = now
                _copy(state.rows, state.best)
        else:
            _copy(state.saved, state.rows)
        if len(sums):
            sums[step - 1] = now
            taken[step - 1] = accepted
    return start, now, best, step, moves
