# /// script
# dependencies = ["huggingface_hub"]
# ///
from huggingface_hub import hf_hub_url


def GET():
    return hf_hub_url("a/b", "c.txt")
