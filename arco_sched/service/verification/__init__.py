"""`arco verify`: the events folded again, the occurrences counted again, and what each says held against the other."""
