"""Other networks, told by the names in their files, so that a refusal says what a file is."""

import re
from collections.abc import Iterable
from itertools import islice

from networks.checkpoints.errors import CheckpointError, shown
from networks.checkpoints.records import Foreign, Module

OTHER = (
    "is {network}, whose layers are others than StyleGAN2's and StyleGAN3's; choose one of those"
)
_STYLEGAN_XL, _PROJECTED = "StyleGAN-XL", "a FastGAN of Projected GAN"
_CLASSES = {  # as pickles name them
    "SuperresGenerator": _STYLEGAN_XL,
    "TriPlaneGenerator": "EG3D",
    "pg_modules.networks_fastgan.Generator": _PROJECTED,
    "training.networks_fastgan.Generator": _PROJECTED,
}
_WEIGHTS = {  # how names of weights begin, perhaps behind those of the dicts that they are in
    r"(GE?|SE?)\.((to_)?initial_block|(blocks|net)\.\d)": "lucidrains' stylegan2-pytorch",
    r"progression\.\d+\.conv1\.": "StyleGAN1",
    r"g_synthesis\.blocks\.": "StyleGAN1",
    r"synthesis\.layer\d+\.apply_noise\.": "StyleGAN1",
    r"stylegan_decoder\.": "GFPGAN",
    r"backbone\.synthesis\.": "EG3D",
    r"model\.diffusion_model\.": "Stable Diffusion",
    r"mapping\.embed_proj\.": _STYLEGAN_XL,
    r"synthesis\.(feat|se)_\d+\.": _PROJECTED,
}
_MOST = 10_000  # names that are looked at


def check_weights(names: Iterable[str]) -> None:
    """Raise CheckpointError where weights of these names are another network's that is known."""
    for name in islice(names, _MOST):
        for beginning, network in _WEIGHTS.items():
            if re.search(rf"(^|\.){beginning}", name):
                raise CheckpointError(OTHER, network=network)


def check_class(module: Module | Foreign) -> None:
    """Raise CheckpointError where a pickled network's class is of another that is known."""
    name = module.class_name if isinstance(module, Module) else module.name
    if name in _CLASSES:
        raise CheckpointError(OTHER, network=_CLASSES[name])


def check_layer(path: str, layer: object) -> None:
    """Raise CheckpointError where a layer of a generator, at this path, is another network's."""
    if isinstance(layer, Foreign):
        if path == "mapping.embed":  # of NVIDIA's mapping, which has its own kind of layer there
            raise CheckpointError(OTHER, network=_STYLEGAN_XL)
        raise CheckpointError(
            "has a layer {name}, which StyleGAN2 and StyleGAN3 have not: it is another network",
            name=shown(layer.name),
        )


def check_built(values: Iterable[object]) -> None:
    """Raise CheckpointError where what a pickle has built, as far as it was read, shows another
    network that is known."""
    for value in values:
        if isinstance(value, Module | Foreign):
            check_class(value)
        children = value.state.get("_modules") if isinstance(value, Module) else None
        if isinstance(children, dict) and "embed" in children:
            check_layer("mapping.embed", children["embed"])
