"""Optimal transport with a relay, re-optimised from a plan without it by the network simplex.

For idleness ≥ 1/2 the curvature of an edge (u, v) is 1 − T/d(u, v), where T is the cost of
moving the masses mu of u's sources to the masses nu of v's readers, each piece either directly,
at cost C[p, q], or by way of the edge, at cost near[p] + far[q] − d(u, v). All edges between two
positions share C, mu and nu; what differs is the relay. So the direct problem is solved once,
and each edge starts from its optimal tree, to which the relay is added as one more row (which
supplies 1) and one more column (which takes 1). A few pivots, often none, are then left.

Compiled kernels call only functions of this file: numba's cache looks at one file's time stamp.
"""

import numpy as np
from numba import njit

_SLACK = 1e-12  # a reduced cost above −_SLACK × (largest cost) counts as 0


@njit(cache=True, fastmath={"nnan", "nsz"})
def _row_minimum(row, g):
    best = np.inf
    for j in range(len(row)):
        best = min(best, row[j] - g[j])
    return best


@njit(cache=True)
def relay_transports(cost, near, far, edges, lengths, enough, base_parent, base_flow, limit):
    """The cost T of the module's text for some edges, exact up to rounding.

    cost: (n, m), C; near: (targets, n); far: (sources, m); edges: (E, 2), which target and
    which source; lengths: (E,), d; base_parent, base_flow: of `plan_tree` and `tree_solution`.
    −inf where T is at most `enough` (E,): a plan that cheap ends the search. NaN where `limit`
    pivots did not do. Each edge starts from the tree of the edge before.
    """
    n, m = cost.shape
    tree = _tree(n, m)
    parent, flow, child, after, before, depth, stack, is_row, f, g = tree
    largest = np.abs(cost).max()
    found = np.empty(len(edges))
    fresh = True
    for e in range(len(edges)):
        to_relay = near[edges[e, 0]]
        from_relay = far[edges[e, 1]] - lengths[e]
        if _rerouted(cost, to_relay, from_relay, base_parent, base_flow) <= enough[e]:
            found[e] = -np.inf
            continue
        if fresh:
            # The relay hangs below the column it reaches most cheaply, by a cell without flow;
            # its row and column are tied by a cell of cost 0 that has the whole flow 1.
            parent[: n + m], flow[: n + m] = base_parent, base_flow
            parent[n + m], flow[n + m] = n + np.argmin(from_relay), 0.0
            parent[n + m + 1], flow[n + m + 1] = n + m, 1.0
            _hang(parent, child, after, before)
        _potentials(parent, child, after, depth, stack, is_row, cost, to_relay, from_relay, f, g)
        scale = max(largest, np.abs(to_relay).max(), np.abs(from_relay).max())
        found[e] = _optimum(cost, to_relay, from_relay, -_SLACK * scale, enough[e], limit, tree)
        fresh = np.isnan(found[e])
    return found


@njit(cache=True)
def _rerouted(cost, near, far, parent, flow):
    """What the plan on the tree costs where each piece may go by way of the edge instead."""
    n = len(cost)
    total = 0.0
    for node in range(len(parent)):
        if flow[node] > 0:
            row, column = min(node, parent[node]), max(node, parent[node]) - n
            total += flow[node] * min(cost[row, column], near[row] + far[column])
    return total


@njit(cache=True)
def optimal_tree(cost, base_parent, base_flow, limit):
    """The tree of an optimal plan of the direct problem, from that of a plan that need not be."""
    n, m = cost.shape
    tree = _tree(n, m)
    parent, flow, child, after, before, depth, stack, is_row, f, g = tree
    parent[: n + m], flow[: n + m] = base_parent, base_flow
    _hang(parent, child, after, before)
    nowhere, no_way = np.full(n, np.inf), np.full(m, np.inf)
    _potentials(parent, child, after, depth, stack, is_row, cost, nowhere, no_way, f, g)
    _optimum(cost, nowhere, no_way, -_SLACK * np.abs(cost).max(), -np.inf, limit, tree)
    return parent[: n + m].copy()


@njit(cache=True)
def _tree(n, m):
    """Room for a tree on n rows, m columns, and the relay's row n + m and column n + m + 1.

    (parent, flow to it, first child, next and previous sibling, depth, a stack, whether a node
    is a row, duals of the rows, duals of the columns.)
    """
    size = n + m + 2
    is_row = np.zeros(size, np.bool_)
    is_row[:n] = True
    is_row[n + m] = True
    return (
        np.full(size, -1),
        np.zeros(size),
        np.full(size, -1),
        np.full(size, -1),
        np.full(size, -1),
        np.zeros(size, np.int64),
        np.zeros(size, np.int64),
        is_row,
        np.zeros(n + 1),
        np.zeros(m + 1),
    )


@njit(cache=True)
def _hang(parent, child, after, before):
    child[:], after[:], before[:] = -1, -1, -1
    for node in range(len(parent)):
        if parent[node] >= 0:
            _attach(node, parent[node], child, after, before)


@njit(cache=True)
def _potentials(parent, child, after, depth, stack, is_row, cost, near, far, f, g):
    """Depths, and duals f, g that are tight on the tree, from the root (row 0) down."""
    n, m = cost.shape
    depth[0], f[0] = 0, 0.0
    stack[0], used = 0, 1
    while used:
        used -= 1
        node = stack[used]
        low = child[node]
        while low >= 0:
            depth[low] = depth[node] + 1
            price = _price(low, node, cost, near, far, is_row)
            if is_row[low]:
                f[min(low, n)] = price - g[min(node - n, m)]
            else:
                g[min(low - n, m)] = price - f[min(node, n)]
            stack[used] = low
            used += 1
            low = after[low]


@njit(cache=True)
def _optimum(cost, near, far, least, enough, limit, tree):
    """Pivot until no reduced cost is below `least`; the cost then, or NaN after `limit` pivots.

    −inf as soon as the cost is at most `enough`.
    """
    _, _, _, _, _, _, _, _, f, g = tree
    n, m = cost.shape
    row_at = 0
    total = _total(cost, near, far, tree) if enough > -np.inf else np.inf
    for _ in range(limit):
        if total <= enough:
            return -np.inf
        # Cheapest first: the relay's own cells.
        row, column, worst = -1, -1, least
        for i in range(n):
            reduced = near[i] - f[i] - g[m]
            if reduced < worst:
                row, column, worst = i, m, reduced
        for j in range(m):
            reduced = far[j] - f[n] - g[j]
            if reduced < worst:
                row, column, worst = n, j, reduced
        if -f[n] - g[m] < worst:
            row, column, worst = n, m, -f[n] - g[m]
        if row < 0:
            for step in range(n):
                i = row_at + step
                if i >= n:
                    i -= n
                reduced = _row_minimum(cost[i], g) - f[i]
                if reduced < worst:
                    row, worst = i, reduced
                if row >= 0 and step % 8 == 7:
                    break
            if row < 0:
                return _total(cost, near, far, tree)
            row_at = row
            for j in range(m):
                if cost[row, j] - g[j] - f[row] <= worst:
                    column = j
                    break
        source = row if row < n else n + m
        target = n + column if column < m else n + m + 1
        total += worst * _pivot(source, target, worst, tree)
    return np.nan


@njit(cache=True)
def _total(cost, near, far, tree):
    """What the plan on the tree costs."""
    parent, flow, _, _, _, _, _, is_row, _, _ = tree
    total = 0.0
    for node in range(1, len(parent)):
        if flow[node] != 0:
            total += flow[node] * _price(node, parent[node], cost, near, far, is_row)
    return total


@njit(cache=True)
def _price(a, b, cost, near, far, is_row):
    n, m = cost.shape
    i, j = (a, b) if is_row[a] else (b, a)
    if i == n + m:
        return 0.0 if j == n + m + 1 else far[j - n]
    return near[i] if j == n + m + 1 else cost[i, j - n]


@njit(cache=True)
def _attach(node, up, child, after, before):
    after[node], before[node] = child[up], -1
    if child[up] >= 0:
        before[child[up]] = node
    child[up] = node


@njit(cache=True)
def _detach(node, up, child, after, before):
    if before[node] >= 0:
        after[before[node]] = after[node]
    else:
        child[up] = after[node]
    if after[node] >= 0:
        before[after[node]] = before[node]


@njit(cache=True)
def _pivot(source, target, reduced, tree):
    """Bring the cell (source row, target column) into the tree; the cell that blocks it leaves.

    Returns what flows through it.

    Of several that block, the last one on the cycle from its apex leaves, which keeps a
    strongly feasible tree so and thereby prevents cycling (Cunningham 1976).
    """
    parent, flow, child, after, before, depth, stack, is_row, f, g = tree
    least, leaving, from_source = np.inf, -1, True
    a, b = source, target
    while a != b:
        if depth[a] >= depth[b]:
            if is_row[a] and flow[a] < least:
                least, leaving = flow[a], a
            a = parent[a]
        else:
            b = parent[b]
    apex, b = a, target
    while b != apex:
        if not is_row[b] and flow[b] <= least:
            least, leaving, from_source = flow[b], b, False
        b = parent[b]
    a, b = source, target
    while a != apex:
        flow[a] += -least if is_row[a] else least
        a = parent[a]
    while b != apex:
        flow[b] += least if is_row[b] else -least
        b = parent[b]
    # Turn the path from the entering cell's end to the leaving cell round.
    node, up, carried = (source, target, least) if from_source else (target, source, least)
    top = node
    while True:
        old_parent, old_flow = parent[node], flow[node]
        _detach(node, old_parent, child, after, before)
        parent[node], flow[node] = up, carried
        _attach(node, up, child, after, before)
        if node == leaving:
            break
        node, up, carried = old_parent, node, old_flow
    # Below it rows gain what makes the entering cell tight, columns lose it.
    n, m = len(f) - 1, len(g) - 1
    shift = reduced if from_source else -reduced
    stack[0], used = top, 1
    while used:
        used -= 1
        node = stack[used]
        depth[node] = depth[parent[node]] + 1
        if is_row[node]:
            f[min(node, n)] += shift
        else:
            g[min(node - n, m)] -= shift
        low = child[node]
        while low >= 0:
            stack[used] = low
            used += 1
            low = after[low]
    return least
