"""The rules, pure: no clock, dice, IO or ids; what comes from outside comes as a value (architecture 2)."""
