from .inside import thing
