"""AWS's own host names on this machine: what a node's resolver, its routes and a company's proxy do on AWS."""
