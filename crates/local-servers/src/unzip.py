"""Unpacks a wheel so that every account can read it, and run what was packed as a program: Python's
own `-m zipfile` forgets which files those are."""

import os
import sys
import zipfile

archive, folder, programs = sys.argv[1:]
with zipfile.ZipFile(archive) as wheel:
    for entry in wheel.infolist():
        path = wheel.extract(entry, folder)
        runs = entry.is_dir() or entry.external_attr >> 16 & 0o111
        runs = runs or os.path.dirname(entry.filename) == programs
        os.chmod(path, 0o755 if runs else 0o644)
for parent, _, _ in os.walk(folder):
    os.chmod(parent, 0o755)
