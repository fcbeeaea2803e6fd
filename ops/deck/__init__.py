"""The presentation: one source with paired texts, whose figures are facts that commands gave."""
