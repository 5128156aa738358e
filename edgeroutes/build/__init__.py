"""From a route's source to the files of its function."""
