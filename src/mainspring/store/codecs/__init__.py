"""Codecs, one file for each library: loaded when one of its values, or bytes of its format, are met."""
