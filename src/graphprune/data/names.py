"""The data sets a config can name. Imports nothing."""

# name -> load(archives, folder, image_size) -> RawDataset
DATASETS = {
    "digits": "graphprune.data.digits:load",
    "mnist": "graphprune.data.mnist:load",
    "fashion_mnist": "graphprune.data.fashion_mnist:load",
    "cifar10": "graphprune.data.cifar10:load",
    "cifar100": "graphprune.data.cifar100:load",
    "svhn": "graphprune.data.svhn:load",
    "imagenet": "graphprune.data.folders:load_imagenet",
    "image_folder": "graphprune.data.folders:load_image_folder",
}
# name -> sources() -> the archives to fetch; a data set that is not here needs none
ARCHIVES = {
    "mnist": "graphprune.data.mnist:sources",
    "fashion_mnist": "graphprune.data.fashion_mnist:sources",
    "cifar10": "graphprune.data.cifar10:sources",
    "cifar100": "graphprune.data.cifar100:sources",
    "svhn": "graphprune.data.svhn:sources",
}
