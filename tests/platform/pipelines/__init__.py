"""Tests of pipelines and the orchestrator."""
