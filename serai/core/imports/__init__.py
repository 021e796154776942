"""The import framework: read, propose, dry-run, all or nothing, resume, report per line, repeat, undo.

An importer (see `framework.Importer`) turns a file into rows and applies batches of rows; everything else
is done here once for all formats.
"""
