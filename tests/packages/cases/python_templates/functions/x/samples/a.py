not python {{ x }}
