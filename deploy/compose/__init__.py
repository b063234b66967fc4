"""The parts of the container platform that are not an image of somebody else."""
