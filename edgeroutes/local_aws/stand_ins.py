"""How resources are called that moto has no model for. Floor 3; both who names them and who reads the names import it."""

# Physical ids begin so where nothing is behind them; who meets one in an error sees it.
NO_MODEL = "nothing-in-moto-"
