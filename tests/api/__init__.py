"""Tests of the door for Python users."""
