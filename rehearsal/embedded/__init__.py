"""What runs in the process of the embedded AWS: ministack, and the services it lacks, added to it.

Known differences from AWS, beside all that ministack itself leaves out:

- CloudFormation works with the rights of root: what the CDK's execution role lacks is not noticed. Rights are
  checked for every call from outside, for EventBridge starting state machines and publishing to topics, for Step
  Functions calling EMR, and for EMR passing the role of the nodes. KMS grants for the disks are not.
- The policies of buckets and of the S3 endpoint: those of buckets are enforced, that of the endpoint is only kept,
  since no call comes from inside the VPC.
- Nobody starts an instance. Fleets have the capacity they ask for, at once, in the first subnet.
- EMR adds no rules to security groups, for the stacks declare them all.
- Amazon's managed policies can be attached, but grant nothing.
- Buckets keep their configurations of lifecycle and access logs; nothing expires, no access log is written.
- A Studio is kept and shown, a budget never warns, the metrics of EMR never come, e-mail is not sent.
- CloudFormation's change sets tell less: a change of outputs alone is none.
"""
