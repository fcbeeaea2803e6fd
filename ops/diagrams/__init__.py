"""Diagrams of what is deployed, drawn from the synthesised templates and the facts, in French and in English."""
