"""The deployment as code: settings, constructs, stacks and the rules that make synth refuse an unsafe one."""
