"""Proves again, any time later, that a landed tree is as its manifests say. Read-only; `forebay verify` calls it."""
