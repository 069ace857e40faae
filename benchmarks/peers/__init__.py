"""Side by side with what people use today: `make bench-peers`. It installs them, so it is apart from `make bench`."""
