"""The models a config can name. Imports nothing."""

MODELS: dict[str, str] = {
    "mlp": "graphprune.models.mlp:mlp",
    "vgg16": "graphprune.models.vgg:vgg16",
    "resnet18": "graphprune.models.resnet_cifar:resnet18",
    "resnet34": "graphprune.models.resnet_cifar:resnet34",
    "resnet56": "graphprune.models.resnet_cifar:resnet56",
    "cifar_resnet": "graphprune.models.resnet_cifar:cifar_resnet",
    "resnet50": "graphprune.models.resnet_imagenet:resnet50",
    "lenet_like": "graphprune.models.lenet_like:lenet_like",
    "vgg9": "graphprune.models.vgg9:vgg9",
}
