"""Scans in bulk: files on disks and in object stores, Parquet, and daft, which spreads the work over processes.

Everything here needs the extra `batch`.
"""
