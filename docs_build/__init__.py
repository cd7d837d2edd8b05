"""How the documentation becomes a site: what MkDocs is not told by pages alone. The package knows nothing of it."""
