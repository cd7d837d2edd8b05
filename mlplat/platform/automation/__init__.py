"""What runs by itself: image builder, integration, delivery, monitoring, retraining."""
