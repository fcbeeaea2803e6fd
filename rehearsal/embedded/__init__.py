"""What runs in the process of the embedded AWS: ministack, and the services it lacks, added to it.

Known differences from AWS, beside all that ministack itself leaves out:

- CloudFormation works with the rights of root: what the CDK's execution role lacks is not noticed. Rights are
  checked for every call from outside, for EventBridge starting state machines and publishing to topics, for Step
  Functions and Scheduler calling EMR, and for EMR passing the role of the nodes. KMS grants for the disks are not.
- The policy of the S3 endpoint is asked for calls from inside a network; networks are not told apart, one endpoint's
  leave is enough.
- Nobody starts an instance. Fleets get what they ask for at once, in the first subnet, all of it of one type: the
  first of the fleet's that EC2 has (`ec2_capacity`). Instance groups always get theirs.
- YARN does not exist: masters of applications run nowhere.
- EMR adds no rules to security groups, for the stacks declare them all.
- Amazon's managed policies can be attached, but grant nothing.
- Buckets keep their configurations of lifecycle and access logs; nothing expires, no access log is written.
- Scheduler knows one clock, UTC; of its own accord it calls EMR's RunJobFlow alone, and it does so once.
- A Studio is kept and shown, a budget never warns, the metrics of EMR never come, e-mail is not sent.
- CloudFormation's change sets tell less: a change of outputs alone is none.

What no document of AWS settles, and how it is decided here (decision 150):

- A new account has no role of Spot. Where EMR may not have it created, the cluster is STARTING until the timeout of
  its task fleet; a real one may become ready without its task nodes. EC2's message is certain, its place is not.
- On-Demand capacity that does not come ends the cluster after an hour. The codes of such ends are EMR's; but for EC2's
  own reason in them, their messages are ours. A resize that does not come stays under way.
- CloudFormation takes a cluster for made once it was ready; `emr_stabilisation` has the harsher view as a switch.
- CloudFormation cannot delete a cluster that EMR has forgotten: EMR's refusal is the reason of its DELETE_FAILED.
- The second event of STARTING comes right after the first.
"""
