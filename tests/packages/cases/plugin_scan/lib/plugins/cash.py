from lib.rates import PRICE as PRICE
