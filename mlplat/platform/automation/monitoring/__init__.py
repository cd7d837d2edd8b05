"""The Monitoring System: windows of predictions, compared with what a model was like when it was trained."""
