"""The parts of the debugging loop: context, prompts, edits, gates, evidence and the controller."""
