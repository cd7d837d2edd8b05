"""Reports: frames become figures, and figures one self-contained HTML page. Nothing below this package draws."""
