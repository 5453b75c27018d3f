"""Reports that people read and keep: charts drawn as SVG, pages that fetch nothing, pictures, tables."""
