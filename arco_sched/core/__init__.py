"""The pure core: values and decisions, without clock, files, environment, chance or database."""
