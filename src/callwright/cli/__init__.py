"""The command line: the program `callwright`, extra `cli`."""
