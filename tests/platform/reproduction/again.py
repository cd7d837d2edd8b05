"""A process of its own: takes capsules in and makes their models again. Arguments: files. Prints a verdict a line."""

from __future__ import annotations

import sys

import mlplat as mp


def main(files: list[str]) -> None:
    """Each on a platform that has nothing else."""
    for file in files:
        platform = mp.Platform(mp.Simulation(seed=99, epoch="2030-01-01"))
        admin = platform.admin
        platform.identity.create_project("theirs", owner=admin, actor=admin)
        taken = platform.capsules.import_file(file, project="theirs", actor=admin)
        again = platform.reproduction.start(taken.model, trust=True, actor=admin)
        verdict = platform.sim.run(until=again.wait())
        print(verdict.outcome, verdict.found_fingerprint, verdict.found_digest, verdict.first_difference)


if __name__ == "__main__":
    main(sys.argv[1:])
