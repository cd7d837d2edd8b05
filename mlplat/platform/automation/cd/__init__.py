"""Continuous delivery and deployment: approvals, rollouts judged by statistics, rollbacks, desired state in the SCM."""
