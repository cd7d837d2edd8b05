"""How the documentation becomes a site: what MkDocs is not told by pages alone. Nothing here belongs to the package or is imported by it."""
