import lib.deep
R = lib.deep.D
