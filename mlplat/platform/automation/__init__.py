"""What a platform does by itself: images, tests, delivery, monitoring and retraining."""
