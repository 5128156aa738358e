"""From the planned functions to template.yaml. Build wing, floor 2; reads and writes no files."""
