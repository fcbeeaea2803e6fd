"""What a deployment would change, cost and risk, said before anyone deploys."""
