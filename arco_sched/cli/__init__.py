"""The command line: a command reads its options and the clock, calls one service method, and has the answer rendered."""
