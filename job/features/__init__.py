"""From a photograph's bytes to its features: decoding, the network, its weights, and the Spark stage of all that."""
