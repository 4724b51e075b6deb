"""pinbot keeps the base images of container builds pinned to digests, up to date, and building."""

__version__ = "0.1.0"
