"""The scenario: the whole life of the stacks on this machine, every stage timed and checked."""
