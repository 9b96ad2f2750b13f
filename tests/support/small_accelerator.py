"""The accelerator that tests of `lastbit run` build: small, so that it is built soon."""

SMALL = {
    "rows": 2,
    "cols": 3,
    "depth": 16,
    "activation-bytes": 4096,
    "weight-words": 1024,
    "parameter-words": 256,
    "program-words": 4096,
}
OPTIONS = [text for name, value in SMALL.items() for text in (f"--{name}", str(value))]
