[${self.body()}]
