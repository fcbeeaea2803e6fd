"""From features to principal components: moments, PCA, projections, and the probe that judges them."""
