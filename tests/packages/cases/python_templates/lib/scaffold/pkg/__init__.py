# {{ init }}
