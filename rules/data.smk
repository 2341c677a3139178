from graphprune.data.names import DATASETS
from graphprune.data.shapes import FOLDERS, data_id, listing_digest
from graphprune.registry import module_of

DATA_ID = data_id(config["data"])
DATA = f"{SHARED}/data/{DATA_ID}"
SPLIT = f"{SHARED}/splits/{DATA_ID}-val{config['data']['validation']:g}-seed{config['data']['split_seed']}.npz"
DATA_FILES = [
    f"{DATA}/{name}"
    for name in [
        "meta.json",
        "train_images.npy",
        "train_labels.npy",
        "test_images.npy",
        "test_labels.npy",
    ]
]
DATA_MODULE = module_of(DATASETS, config["data"]["name"], "data set")


rule dataset:
    input:
        code=code_files("dataset.py", DATA_MODULE),
    output:
        DATA_FILES,
    log:
        f"{SHARED}/logs/dataset/{DATA_ID}.log",
    benchmark:
        f"{SHARED}/benchmarks/dataset/{DATA_ID}.tsv"
    # Archives are fetched and unpacked in seconds, on a cluster by the login node: only that may
    # have a network. A million files of a folder are decoded by a job of its own.
    localrule: config["data"]["name"] not in FOLDERS
    threads: 8 if config["data"]["name"] in FOLDERS else 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(80),
    params:
        name=config["data"]["name"],
        folder=config["data"]["folder"],
        image_size=config["data"]["image_size"],
        content=listing_digest(config["data"]),
        code=code_hash("dataset.py", DATA_MODULE),
    script:
        "../workflow_scripts/dataset.py"


rule split:
    input:
        labels=f"{DATA}/train_labels.npy",
        code=code_files("split.py"),
    output:
        SPLIT,
    log:
        f"{SHARED}/logs/split/{Path(SPLIT).stem}.log",
    benchmark:
        f"{SHARED}/benchmarks/split/{Path(SPLIT).stem}.tsv"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        fraction=config["data"]["validation"],
        seed=config["data"]["split_seed"],
        code=code_hash("split.py"),
    script:
        "../workflow_scripts/split.py"
