"""Destroying what is deployed, by CloudFormation itself, repeatable after any failure (decision 0130)."""
