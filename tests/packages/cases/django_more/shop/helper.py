H = "help"
