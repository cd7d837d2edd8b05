"""The lessons, one a file: `lesson_05_fairness_and_zones.py` has `LESSON`, whose name is `lesson-05`."""
