"""Spanning trees of a transport problem: from a plan to its tree, and on to flow and duals."""

import numpy as np
from numba import njit


@njit(cache=True)
def plan_tree(plan, cost, f, g):
    """A spanning tree of the transport problem that holds the cells of an optimal plan.

    plan, cost: (n, m); f, g: optimal duals. Nodes: rows 0 … n − 1, columns n … n + m − 1.
    Returns every node's parent; that of the root, row 0, is −1.
    """
    n, m = plan.shape
    group = np.arange(n + m)
    start, end = np.empty(n + m, np.int64), np.empty(n + m, np.int64)
    count = 0
    for i in range(n):
        for j in range(m):
            if plan[i, j] > 0:
                count += _join(group, start, end, count, i, n + j)
    if count < n + m - 1:  # degenerate: cells without flow complete the tree, the tightest first
        slack = (cost - f.reshape(-1, 1) - g.reshape(1, -1)).ravel()
        ascending = np.argsort(slack)
        for k in range(len(ascending)):
            if count == n + m - 1:
                break
            count += _join(group, start, end, count, ascending[k] // m, n + ascending[k] % m)
    degree = np.zeros(n + m + 1, np.int64)
    for e in range(count):
        degree[start[e] + 1] += 1
        degree[end[e] + 1] += 1
    first = np.cumsum(degree)
    fill = first.copy()
    near = np.empty(2 * count, np.int64)
    for e in range(count):
        near[fill[start[e]]] = end[e]
        fill[start[e]] += 1
        near[fill[end[e]]] = start[e]
        fill[end[e]] += 1
    parent = np.full(n + m, -1)
    order = np.zeros(n + m, np.int64)
    found = 1
    for k in range(n + m):
        node = order[k]
        for e in range(first[node], first[node + 1]):
            if near[e] != parent[node]:
                parent[near[e]] = node
                order[found] = near[e]
                found += 1
    return parent


@njit(cache=True)
def tree_solution(parent, cost, rows, columns):
    """Flow of each node to its parent, what it costs, and duals (f, g) tight on the tree.

    rows, columns: the masses, which sum to 1 each. A negative flow means that the tree does not
    belong to a plan; rounding aside there is none.
    """
    n, m = cost.shape
    waiting = np.zeros(n + m, np.int64)  # children that have not passed on their flow
    for node in range(n + m):
        if parent[node] >= 0:
            waiting[parent[node]] += 1
    order, found = np.empty(n + m, np.int64), 0  # leaves first
    for node in range(n + m):
        if waiting[node] == 0:
            order[found] = node
            found += 1
    flow = np.concatenate((rows, columns))
    for k in range(n + m):
        node, up = order[k], parent[order[k]]
        if up >= 0:
            flow[up] -= flow[node]
            if -1e-12 < flow[node] < 0:
                flow[node] = 0.0
            waiting[up] -= 1
            if waiting[up] == 0:
                order[found] = up
                found += 1
        else:
            flow[node] = 0.0  # what rounding has left
    f, g = np.zeros(n), np.zeros(m)
    total = 0.0
    for k in range(n + m - 1, -1, -1):
        node, up = order[k], parent[order[k]]
        if up >= 0 and node < n:
            f[node] = cost[node, up - n] - g[up - n]
            total += flow[node] * cost[node, up - n]
        elif up >= 0:
            g[node - n] = cost[up, node - n] - f[up]
            total += flow[node] * cost[up, node - n]
    return flow, total, f, g


@njit(cache=True)
def _root(group, node):
    while group[node] != node:
        group[node] = group[group[node]]
        node = group[node]
    return node


@njit(cache=True)
def _join(group, start, end, count, a, b):
    """1 and the edge recorded if a and b were in different trees, else 0."""
    one, two = _root(group, a), _root(group, b)
    if one == two:
        return 0
    group[one] = two
    start[count], end[count] = a, b
    return 1
