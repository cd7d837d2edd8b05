"""The search for the smallest and cheapest cluster that meets the objectives (docs/planning/plans.md): `plan` makes a `Plan`."""
