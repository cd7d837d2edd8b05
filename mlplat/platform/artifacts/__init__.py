"""What a platform remembers: source code, data, models, images, and the metadata that links them."""
