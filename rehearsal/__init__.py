"""The rehearsal: the stacks deployed to an embedded AWS on this machine, and really run there."""
