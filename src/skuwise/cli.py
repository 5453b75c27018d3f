"""The command line: it translates between people and the library and decides nothing."""
