"""What is believed of AWS and was not seen there: one table, from which docs/unverified-on-aws.md is made."""
