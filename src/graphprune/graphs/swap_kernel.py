"""Double-edge swaps of a regular graph, each judged by the exact sum of all distances; compiled.

A swap of the edges a–b, c–d for a–d, c–b changes who is within distance 2 of whom only where
one of the two is an end (a, b, c or d), and within distances 3 and 4 only where one of the two is
an end or a neighbour of one. So a few rows of the balls of radius 2, then 3, then 4 are computed
anew, and the swap is rejected as soon as they show that the sum gets too large; only a swap that
passes all three is judged from scratch. This rejects nothing else than the full sum would.

Distances are counted as *excess*: ordered pairs of nodes that lie further apart than r, beyond
those that the Moore bound forces to, summed over r. It is the sum of distances of all ordered
pairs minus the least that a regular graph could have, so 0 is optimal.

Compiled functions call only functions of this file and of `bits`: numba's cache looks at one
file's time stamp.
"""

from typing import NamedTuple

import numpy as np

from graphprune.graphs.bits import helper, kernel, popcount, random_word

_U = np.uint64
_ONE = np.uint64(1)
_ENDS = 4  # of the two edges of a swap
_NEAREST, _WIDEST = 2, 4  # radii of the balls that are kept up to date
UNREACHED = 2**60  # excess of a disconnected graph
_MISSES = 100_000  # draws in a row without a possible swap: there is none, and the search ends
_SAME_TEMPERATURE = 256  # steps; a power at every step would cost more than it is worth


class SwapState(NamedTuple):
    """A k-regular graph on n nodes with what judging a swap needs; arrays are changed in place.

    All arrays are flat. A set of nodes takes W = ⌈n/64⌉ words; node j is bit j % 64 of word
    j // 64. near: (n·k,), the neighbours of node i at i·k … i·k + k − 1. edges: (m, 4), the ends
    of each edge, and where in `near` the second end stands for the first and the first for the
    second. balls: (4·n·W,), the nodes within distance 1 of each node, itself included, then
    those within 2, 3, 4. excess: (3,), of radius 2, 3, 4. best: (m, 2), the edges of the best
    graph met. random: (1,). The rest is room for the swap in hand: fresh: (5·n·W,), balls of
    radius 2 … 6 from scratch; rows: (3·M·W,), balls of radius 2, 3, 4 of the nodes in `nodes`,
    of which there are at most M = 4·(k + 1); ends, inside: (W,) sets of nodes.
    """

    near: np.ndarray
    edges: np.ndarray
    balls: np.ndarray
    excess: np.ndarray
    best: np.ndarray
    random: np.ndarray
    fresh: np.ndarray
    fresh_excess: np.ndarray
    nodes: np.ndarray
    rows: np.ndarray
    ends: np.ndarray
    inside: np.ndarray


class Rule(NamedTuple):
    """Which swaps are taken, in units of excess (ordered pairs of nodes).

    fixed: compare with the start instead of the current graph. lowest: a swap to a smaller
    excess is rejected. enough: stop at this excess or less. every: a draw that is no swap (a
    loop, a double edge) counts as a step. hot, cooling: a swap for the worse by x is taken with
    probability exp(−x/T), T = hot · cooling^step; hot = 0 takes none.
    """

    fixed: bool
    lowest: int
    enough: int
    every: bool
    hot: float
    cooling: float


@helper
def _flip(sets, row, node, width):
    sets[row * width + (node >> _U(6))] ^= _ONE << (node & _U(63))


@helper
def _has(sets, row, node, width):
    return (sets[row * width + (node >> _U(6))] >> (node & _U(63))) & _ONE


@helper
def _union(balls, near, at, degree, word, width):
    """One word of the union of the balls of the nodes near[at] … near[at + degree − 1].

    word: which one of a row, plus where in `balls` the rows of the radius begin.
    """
    union = _U(0)
    j = _U(0)
    while j + _U(4) <= degree:
        union |= (
            balls[near[at + j] * width + word]
            | balls[near[at + j + _U(1)] * width + word]
            | balls[near[at + j + _U(2)] * width + word]
            | balls[near[at + j + _U(3)] * width + word]
        )
        j += _U(4)
    if degree & _U(2):
        union |= balls[near[at + j] * width + word] | balls[near[at + j + _U(1)] * width + word]
        j += _U(2)
    if degree & _U(1):
        union |= balls[near[at + j] * width + word]
    return union


@helper
def _exchange(state, width, a, b, c, d, b_of_a, a_of_b, d_of_c, c_of_d):
    """Put a–d, c–b in the place of a–b, c–d; b_of_a: where b stands among a's neighbours …"""
    near, balls = state.near, state.balls
    near[b_of_a] = d
    near[a_of_b] = c
    near[d_of_c] = b
    near[c_of_d] = a
    _flip(balls, a, b, width)
    _flip(balls, a, d, width)
    _flip(balls, b, a, width)
    _flip(balls, b, c, width)
    _flip(balls, c, d, width)
    _flip(balls, c, b, width)
    _flip(balls, d, c, width)
    _flip(balls, d, a, width)


@helper
def _widen(words, state, n, degree, radius, size):
    """Balls of `radius` of the first `size` nodes into `rows`; the change of ordered pairs.

    The balls one step narrower are right but for the bits of the four ends outside the rows of
    `nodes`; these bits are found the other way round. `inside` is the set of the `size` nodes;
    every pair that changes has one of its nodes in it.
    """
    near, nodes, balls, rows, inside = (
        state.near,
        state.nodes,
        state.balls,
        state.rows,
        state.inside,
    )
    width = _U(len(words))
    wide = _U(radius - 1) * _U(n) * width
    below = wide - _U(n) * width
    own = _U(radius - _NEAREST) * _U(len(nodes)) * width
    change = np.int64(0)
    for q in range(size):
        node = nodes[q]
        at = own + _U(q) * width
        meets0 = meets1 = meets2 = meets3 = _U(0)
        for w in range(len(words)):
            row = _union(balls, near, node * degree, degree, below + _U(w), width)
            if radius > _NEAREST:
                row &= ~state.ends[w]
                mine = balls[node * width + _U(w)]
                meets0 |= mine & balls[below + nodes[0] * width + _U(w)]
                meets1 |= mine & balls[below + nodes[1] * width + _U(w)]
                meets2 |= mine & balls[below + nodes[2] * width + _U(w)]
                meets3 |= mine & balls[below + nodes[3] * width + _U(w)]
            rows[at + _U(w)] = row
        if radius > _NEAREST:
            rows[at + (nodes[0] >> _U(6))] |= _U(meets0 != 0) << (nodes[0] & _U(63))
            rows[at + (nodes[1] >> _U(6))] |= _U(meets1 != 0) << (nodes[1] & _U(63))
            rows[at + (nodes[2] >> _U(6))] |= _U(meets2 != 0) << (nodes[2] & _U(63))
            rows[at + (nodes[3] >> _U(6))] |= _U(meets3 != 0) << (nodes[3] & _U(63))
        for w in range(len(words)):
            row, before = rows[at + _U(w)], balls[wide + node * width + _U(w)]
            change += np.int64(popcount(row & inside[w])) - np.int64(popcount(before & inside[w]))
            change += 2 * (
                np.int64(popcount(row & ~inside[w])) - np.int64(popcount(before & ~inside[w]))
            )
    return change


@helper
def _trade(words, state, n, radius, size):
    """Exchange `rows` and the balls of the first `size` nodes; a second time puts them back."""
    width = _U(len(words))
    wide = _U(radius - 1) * _U(n) * width
    own = _U(radius - _NEAREST) * _U(len(state.nodes)) * width
    for q in range(size):
        for w in range(len(words)):
            here = own + _U(q) * width + _U(w)
            there = wide + state.nodes[q] * width + _U(w)
            state.rows[here], state.balls[there] = state.balls[there], state.rows[here]


@helper
def _add_neighbours(state, width, degree):
    """Add the neighbours of the four ends to `nodes` and `inside`; how many nodes there are."""
    size = _ENDS
    for q in range(_ENDS):
        for j in range(degree):
            node = state.near[state.nodes[q] * degree + _U(j)]
            if not _has(state.inside, _U(0), node, width):
                _flip(state.inside, _U(0), node, width)
                state.nodes[size] = node
                size += 1
    return size


@helper
def _least(words, state, n, degree, allowed):
    """Excess within distance 4 after the swap in hand; or, above `allowed`, some part of it."""
    excess = np.int64(0)
    size, radius = _ENDS, _NEAREST
    while radius <= _WIDEST:
        excess += state.excess[radius - _NEAREST]
        excess -= _widen(words, state, n, degree, radius, size)
        if excess > allowed or radius == _WIDEST:
            break
        _trade(words, state, n, radius, size)
        if radius == _NEAREST:
            size = _add_neighbours(state, _U(len(words)), degree)
        radius += 1
    while radius > _NEAREST:
        radius -= 1
        _trade(words, state, n, radius, _ENDS if radius == _NEAREST else size)
    return excess


@kernel
def judge(words, n, k, moore, state):
    """Excess of the graph as `near` and the balls of radius 1 have it, with fresh balls."""
    width, degree = _U(len(words)), _U(k)
    total = np.int64(0)
    radius, source, target = _NEAREST, _U(0), _U(0)
    while True:
        reached = np.int64(0)
        for i in range(n):
            at = _U(i) * width
            for w in range(len(words)):
                if radius == _NEAREST:
                    row = _union(state.balls, state.near, _U(i) * degree, degree, _U(w), width)
                else:
                    row = _union(
                        state.fresh, state.near, _U(i) * degree, degree, source + _U(w), width
                    )
                state.fresh[target + at + _U(w)] = row
                reached += np.int64(popcount(row))
        most = moore[radius] if radius < len(moore) else n
        excess = n * most - reached
        if radius <= _WIDEST:
            state.fresh_excess[radius - _NEAREST] = excess
        total += excess
        if radius >= _WIDEST and reached == n * n:
            return total
        if radius > max(n, _WIDEST):
            return np.int64(UNREACHED)
        # Radii 2, 3, 4 are kept, the others take turns in the room of two.
        source = target
        target = _U(radius - 1 if radius < _WIDEST else 3 + radius % 2) * _U(n) * width
        radius += 1


@helper
def _keep(words, n, state):
    """Take the balls that were computed from scratch."""
    for q in range(len(state.excess)):
        state.excess[q] = state.fresh_excess[q]
    size = n * len(words)
    for p in range(len(state.excess) * size):
        state.balls[size + p] = state.fresh[p]


@kernel
def search(words, n, k, moore, state, rule, tally, until, sums, taken):
    """Go on from `tally` to step `until`; the new tally.

    words: a tuple of W zeros, whose length is known to the compiler. moore: the most nodes
    within distance 0, 1, 2 … (`bounds.moore_sizes`). tally: excess at the start, now and at its
    best (negative: not known yet; from UNREACHED on the graph is disconnected); steps; swaps
    taken. sums, taken: (steps,) the excess after each step and whether its
    swap was taken; not written where they are empty.
    """
    width, degree, m = _U(len(words)), _U(k), _U(len(state.edges))
    nodes, edges, balls = state.nodes, state.edges, state.balls
    start, now, best, step, moves = tally
    if start < 0:
        start = now = best = judge(words, n, k, moore, state)
        _keep(words, n, state)
    temperature, misses = 0.0, 0
    while step < until and now > rule.enough and misses < _MISSES:
        if rule.hot > 0 and (temperature == 0 or step % _SAME_TEMPERATURE == 0):
            temperature = rule.hot * rule.cooling ** (step - step % _SAME_TEMPERATURE)
        draw = random_word(state.random)
        first = (draw >> _U(32)) * m >> _U(32)
        second = (draw & _U(0xFFFFFFFF)) * m >> _U(32)
        turned = draw & _ONE
        a, b = edges[first, 0], edges[first, 1]
        b_of_a, a_of_b = edges[first, 2], edges[first, 3]
        c, d = edges[second, turned], edges[second, _ONE - turned]
        d_of_c, c_of_d = edges[second, _U(2) + turned], edges[second, _U(3) - turned]
        apart = a != c and a != d and b != c and b != d
        possible = apart and not (_has(balls, a, d, width) or _has(balls, c, b, width))
        misses = 0 if possible else misses + 1
        if not possible and not rule.every:
            continue
        step += 1
        accepted = False
        if possible:
            allowed = start if rule.fixed else now
            if rule.hot > 0:
                uniform = (np.float64(random_word(state.random) >> _U(11)) + 0.5) * 2.0**-53
                allowed += np.int64(-np.log(uniform) * temperature)
            _exchange(state, width, a, b, c, d, b_of_a, a_of_b, d_of_c, c_of_d)
            nodes[0], nodes[1], nodes[2], nodes[3] = a, b, c, d
            for w in range(len(words)):
                state.ends[w] = _U(0)
            for q in range(_ENDS):
                _flip(state.ends, _U(0), nodes[q], width)
            for w in range(len(words)):
                state.inside[w] = state.ends[w]
            excess = _least(words, state, n, degree, allowed)
            if excess <= allowed:
                excess = judge(words, n, k, moore, state)
                accepted = rule.lowest <= excess <= allowed
            if accepted:
                _keep(words, n, state)
                now = excess
                moves += 1
                edges[first, 1], edges[first, 3] = d, c_of_d
                edges[second, 0], edges[second, 1] = c, b
                edges[second, 2], edges[second, 3] = d_of_c, a_of_b
                if now < best:
                    best = now
                    for e in range(len(edges)):
                        state.best[e, 0], state.best[e, 1] = edges[e, 0], edges[e, 1]
            else:
                _exchange(state, width, a, d, c, b, b_of_a, c_of_d, d_of_c, a_of_b)
        if len(sums):
            sums[step - 1] = now
            taken[step - 1] = accepted
    return start, now, best, step, moves
