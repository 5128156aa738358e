"""From a route's source to the files of its function. Floor 2; knows no request and imports no user code."""
