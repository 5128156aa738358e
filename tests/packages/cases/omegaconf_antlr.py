# /// script
# dependencies = ["omegaconf"]
# ///
from omegaconf import OmegaConf


def GET():
    return OmegaConf.to_container(OmegaConf.create({"a": 1, "b": "${a}"}), resolve=True)
