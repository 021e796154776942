"""The exact search index: vectors centred and laid out in files that every web process maps into memory.

`build` writes versions, `reader` searches them. Each tier has an index of its own, made of nothing but that
tier's texts, so that a public search cannot tell what a network text says.
"""
