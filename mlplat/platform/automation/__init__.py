"""What runs by itself: images are built, changes tested and delivered, models watched and trained again."""
