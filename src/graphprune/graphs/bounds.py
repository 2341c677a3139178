"""How near to each other the nodes of a k-regular graph can be at best: the Moore bound."""

from fractions import Fraction

from graphprune.errors import UserError


def check_degree(n: int, k: int) -> None:
    """UserError if no graph on n nodes has k neighbours at every node."""
    if not 0 <= k < n:
        raise UserError(f"a k-regular graph needs 0 ≤ k < n, found k = {k}, n = {n}")
    if n * k % 2:
        raise UserError(
            f"a k-regular graph needs n · k even (it has n · k / 2 edges), found k = {k}, n = {n}"
        )


def moore_sizes(n: int, k: int) -> tuple[int, ...]:
    """Most nodes of a k-regular graph on n nodes within distance 0, 1, 2 … of a node.

    1, 1 + k, 1 + k + k(k − 1), …, as in a tree, none above n; ends with the first that is n.
    UserError if no connected k-regular graph on n nodes exists.
    """
    check_degree(n, k)
    if k < min(2, n - 1):
        raise UserError(
            f"a connected k-regular graph on n = {n} nodes needs k ≥ {min(2, n - 1)}, found k = {k}"
        )
    sizes, shell = [1], k
    while sizes[-1] < n:
        sizes.append(min(sizes[-1] + shell, n))
        shell *= k - 1
    return tuple(sizes)


def aspl_lower_bound(n: int, k: int) -> Fraction:
    """Least average shortest path length that a connected k-regular graph on n nodes could have.

    Exact. Attained by complete graphs, cycles and Moore graphs; elsewhere a graph that attains
    it need not exist. UserError for n < 2 or if no connected k-regular graph exists.

    Source: Cerf et al. 1974, "A lower bound on the average shortest path length in regular
    graphs"; RGP A.2 Eq. 8 and 9. As printed, the first line of Eq. 8 divides only its second
    term by N − 1 (a misplaced parenthesis), the θ of Eq. 9 is not rounded down to the whole
    layers that it counts, and both are singular at k = 2.
    """
    if n < 2:
        raise UserError(f"an average path length needs n ≥ 2 nodes, found n = {n}")
    # A distance is the number of r = 0, 1, … that it exceeds.
    distances = sum(n - size for size in moore_sizes(n, k))
    return Fraction(distances, n - 1)


def ring_lattice_aspl(n: int, k: int) -> Fraction:
    """ASPL of `generators.ring_lattice`: where the searches for a small ASPL start.

    All its nodes are alike. A shortest path goes round in steps of k // 2 nodes at most, and for
    odd k crosses to the opposite node once or not at all. UserError as in `aspl_lower_bound`.
    """
    aspl_lower_bound(n, k)
    step, total = max(k // 2, 1), 0
    for place in range(1, n):
        apart = min(place, n - place)
        steps = -(-apart // step)
        if k % 2:
            steps = min(steps, 1 - (apart - n // 2) // step)
        total += steps
    return Fraction(total, n - 1)
