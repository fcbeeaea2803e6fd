"""What a deployment costs: what bills, at which price, from a dated file; `fruits price` shows it."""
