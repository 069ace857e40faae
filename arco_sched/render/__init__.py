"""Answers as text: JSON for programs, tables for people. rich lives here only, and is imported to draw."""
