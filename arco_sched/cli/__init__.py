"""The command line: a command reads its options and the clock, calls one service method, and renders its answer."""
