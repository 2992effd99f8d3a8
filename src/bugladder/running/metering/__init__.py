"""One meter in the driver: every question to a model is cached, reserved for, paced, settled and accounted here."""
