"""Unpacks the files that match the patterns from the wheels in a folder: python unpack.py folder target pattern..."""

import sys
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

folder, target, *patterns = sys.argv[1:]
for wheel in sorted(Path(folder).glob("*.whl")):
    with ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if any(fnmatch(entry.filename, pattern) for pattern in patterns):
                path = archive.extract(entry, target)
                if mode := entry.external_attr >> 16 & 0o777:
                    Path(path).chmod(mode)
