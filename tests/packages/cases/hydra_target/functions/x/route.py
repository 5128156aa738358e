from hydra import compose, initialize
from hydra.utils import instantiate


def GET():
    with initialize(version_base=None, config_path="../../conf"):
        cfg = compose(config_name="config")
    return [instantiate(cfg.thing).name]
