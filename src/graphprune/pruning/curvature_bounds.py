"""Bounds on the curvature of all edges between two positions, from one direct transport.

With w = 1/d(u, v), and mass means A of near[p] and B of far[q]: sending everything past the edge
gives NC ≥ 2 − (A + B)·w, sending nothing past it NC ≥ 1 − OT·w. From duals (f, g) of the direct
problem, any t gives NC ≤ 1 − w·Φ(t), Φ(t) = mu·min(f, near − t) + nu·min(g, far − d + t), which
is concave in t: its maximum is found by bisection over its kinks.
"""

import numpy as np
from numba import njit

PROVEN = 1e-10  # bounds closer than this, relative to max(1, |value|), are the value
DEAD = 1e-6  # values this close to 1 count as dead, as published


@njit(cache=True)
def settle(
    near,
    far,
    weights,
    source_slopes,
    target_slopes,
    source_dead,
    target_dead,
    dead_value,
    revive,
    relay,
    ceiling,
    lower,
    upper,
):
    """Minimum, into `lower` and `upper`, with edges whose value needs no transport.

    Those are dead or lack masses on a side. Returns which pairs have other edges that may lie
    below `ceiling` and below `upper`, as far as the relay tells (if `relay`: it may carry all).

    near: (pairs, targets) means A, NaN where the source has no masses; far: (pairs, sources)
    likewise; weights: (targets, sources), 0 where there is no edge; slopes and dead: (pairs,
    sources or targets); ceiling, lower, upper: (targets, sources).
    """
    open_ = np.zeros(len(near), np.bool_)
    for k in range(len(near)):
        for v in range(near.shape[1]):
            for u in range(far.shape[1]):
                if weights[v, u] == 0:
                    continue
                w = weights[v, u] * min(source_slopes[k, u], target_slopes[k, v])
                a, b = near[k, v], far[k, u]
                if source_dead[k, u] or target_dead[k, v]:
                    value = dead_value
                elif np.isnan(a) or np.isnan(b):
                    value = 2.0
                    value -= 1.0 if np.isnan(a) else a * w
                    value -= 1.0 if np.isnan(b) else b * w
                    if revive and abs(value - 1) <= DEAD:
                        value = 2.0
                else:
                    least = 2 - (a + b) * w if relay else -np.inf
                    open_[k] |= least < ceiling[v, u] and least < upper[v, u]
                    continue
                lower[v, u] = min(lower[v, u], value)
                upper[v, u] = min(upper[v, u], value)
    return open_


@njit(cache=True)
def transport_bounds(
    direct, dual, f, g, rows, columns, near, far, a, b, inverse, live, cutoff, relay
):
    """(lower, upper) of NC, each (targets, sources), of the live edges; NaN of the others.

    direct: OT; f, g: duals of it, worth `dual`; rows, columns: the masses; near: (targets, n);
    far: (sources, m); a: (targets,), b: (sources,): their means.
    Edges whose lower bound is at least `cutoff` get an upper bound of infinity: it is not
    sought. relay: 0 if nothing may pass the edge (idleness 0), 1 if part of the mass may (below
    1/2), 2 if all may.
    """
    targets, sources = inverse.shape
    lower, upper = np.full((targets, sources), np.nan), np.full((targets, sources), np.nan)
    keys, order = np.empty((sources, len(g))), np.empty(len(g), np.int64)
    reach, weighed = np.empty((sources, len(g) + 1)), np.empty((sources, len(g) + 1))
    sorted_far = np.zeros(sources, np.bool_)
    near_reach, near_weighed = np.empty(len(f) + 1), np.empty(len(f) + 1)
    for v in range(targets):
        sorted_near = False
        near_keys = near[v] - f
        for u in range(sources):
            w = inverse[v, u]
            if not live[v, u] or w == 0:
                continue
            low = 1 - direct * w
            if relay == 2:
                low = max(low, 2 - (a[v] + b[u]) * w)
            lower[v, u] = low
            if relay == 0:
                upper[v, u] = low
                continue
            if low >= cutoff[v, u]:
                upper[v, u] = np.inf
                continue
            if not sorted_near:
                sorted_near = True
                order_near = np.argsort(near_keys)
                near_keys = near_keys[order_near]
                _cumulate(near_keys, rows, order_near, near_reach, near_weighed)
            if not sorted_far[u]:
                sorted_far[u] = True
                key = far[u] - g  # minus the published kink, so that it ascends alike
                order = np.argsort(key)
                keys[u] = key[order]
                _cumulate(keys[u], columns, order, reach[u], weighed[u])
            gain = _relay_gain(
                near_keys, near_reach, near_weighed, keys[u], reach[u], weighed[u], 1 / w
            )
            upper[v, u] = max(low, 1 - (dual - gain) * w)
    return lower, upper


@njit(cache=True)
def _cumulate(keys, masses, order, reach, weighed):
    """reach[k], weighed[k]: mass, and mass × key, of the k smallest keys."""
    reach[0] = weighed[0] = 0.0
    for k in range(len(keys)):
        mass = masses[order[k]]
        reach[k + 1] = reach[k] + mass
        weighed[k + 1] = weighed[k] + mass * keys[k]


@njit(cache=True)
def _relay_gain(near_keys, near_reach, near_weighed, far_keys, far_reach, far_weighed, length):
    """OT − max Φ: how much at least the duals must give way to the relay.

    OT − Φ(t) = Σ mu·(t − key)⁺ over near keys + Σ nu·(length − t − key)⁺ over far keys: convex.
    """
    n, m = len(near_keys), len(far_keys)
    # The first near key at which the near side has at least the far side's slope.
    low, high = 0, n - 1
    while low < high:
        k = (low + high) // 2
        beyond = far_reach[np.searchsorted(far_keys, length - near_keys[k])]
        if near_reach[k + 1] >= beyond:
            high = k
        else:
            low = k + 1
    t = near_keys[low]
    # Before it the near slope is near_reach[low]; the far side may fall below that earlier.
    k, above = 0, m
    while k < above:  # the most far keys whose mass stays at or below that slope
        middle = (k + above + 1) // 2
        if far_reach[middle] <= near_reach[low]:
            k = middle
        else:
            above = middle - 1
    if k < m:
        t = min(t, length - far_keys[k])
    i = np.searchsorted(near_keys, t)
    j = np.searchsorted(far_keys, length - t)
    gain = t * near_reach[i] - near_weighed[i] + (length - t) * far_reach[j] - far_weighed[j]
    return max(gain, 0.0)
