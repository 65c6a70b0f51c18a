"""All compiled code, and only that: arrays in, arrays and a status out.

Nothing here validates, warns, prints or imports what stands above it.
"""
