from .__data.prices import PRICES
