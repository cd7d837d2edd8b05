"""The platform layer: identity, artifacts, zones and automation, on top of the infrastructure's Management Endpoint."""
