"""The only place that constructs adapters, each imported when it is wanted: start-up stays light."""
