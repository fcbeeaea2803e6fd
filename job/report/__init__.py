"""What a run tells of itself: the manifest, and the page with its charts and pictures."""
