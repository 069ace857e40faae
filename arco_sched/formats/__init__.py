"""Files that others write or read: text -> values and back. No file is opened here, and nothing runs."""
