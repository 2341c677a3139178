"""What every page of RGP says of its data and protocol."""

from collections.abc import Sequence

import pandas as pd


def note(runs: pd.DataFrame, of_data: str, outstanding: Sequence[str] = ()) -> str:
    """One sentence or two.

    of_data: the note of the stored data set (lossy files, resized images). outstanding: networks
    and graphs that the config asks for and that are not trained yet.
    """
    first = runs.iloc[0]
    texts = [f"Data set {first['dataset']}"]
    texts += [of_data] if of_data else []
    texts += [
        f"recipe {first['recipe']} ({int(runs['epochs'].min())} epochs a training at least)",
        f"precision {', '.join(sorted(set(runs['precision'])))}",
        f"device {', '.join(sorted(set(runs['device'])))}",
    ]
    protocol = {
        "held_out": "choices were made on a validation split, the test set was read once a run",
        "paper": "the paper's protocol: the test set is also the validation set",
    }
    texts.append(protocol.get(str(first["protocol"]), str(first["protocol"])))
    told = "; ".join(texts) + "."
    if outstanding:
        told += f" Outstanding, not trained yet: {', '.join(outstanding)}."
    return told
