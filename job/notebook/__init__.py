"""What the notebook shows results with: words in two languages, tables as text, figures as PNG."""
