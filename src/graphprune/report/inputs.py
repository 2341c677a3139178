"""Tables of several jobs as one."""

from collections.abc import Sequence

import pandas as pd

from graphprune.files import read_table


def read_tables(paths: Sequence[str]) -> pd.DataFrame:
    """The rows of all tables; UserError naming the file that is damaged."""
    return pd.concat([read_table(path)[0] for path in paths], ignore_index=True)
