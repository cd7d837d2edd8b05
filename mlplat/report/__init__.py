"""What people look at: figures, pages and exports of runs, plans and platforms. Plotting libraries are imported here only."""
