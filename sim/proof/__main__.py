"""`python -m sim.proof [WORD...]`: run the proofs whose names hold all the words."""

import sys

from sim.proof.suite import proofs


def main(words: list[str]) -> int:
    """Run the proofs, print a line each, and return the exit status."""
    chosen = [proof for proof in proofs() if all(word in proof.name for word in words)]
    if not chosen:
        print(f"a proof's name must hold {' and '.join(words)}, and none does", file=sys.stderr)
        return 2
    seconds, refuted = 0.0, 0
    for proof in chosen:
        try:
            took = proof.run()
            seconds += took
            print(f"{took:8.2f} s  {proof.tool.value:20} {proof.name}", flush=True)
        except AssertionError as refutation:
            refuted += 1
            print(f" REFUTED    {proof.tool.value:20} {refutation}", flush=True)
    print(f"{seconds:8.2f} s  {len(chosen) - refuted} of {len(chosen)} proved")
    return 1 if refuted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
