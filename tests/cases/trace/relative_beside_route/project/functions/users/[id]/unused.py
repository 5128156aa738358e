import lib.unused
