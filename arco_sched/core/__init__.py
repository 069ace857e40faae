"""The pure core: no clock, files, environment, chance or database."""
