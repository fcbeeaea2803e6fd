"""What a deployment has left in an account, asked of every service itself and not of CloudFormation."""
