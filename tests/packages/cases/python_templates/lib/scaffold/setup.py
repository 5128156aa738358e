# {{ name }}
