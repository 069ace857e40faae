"""The rules, pure: no clock, no files, no environment, no chance, no database."""
