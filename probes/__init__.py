"""Short continual pre-training runs at small scale, logged as a run table.

The command is `probes` (see `probes.cli`); a sweep is described by a YAML file
(`probes.config.Sweep`) and its logs are read by the package `scaling`.
"""
