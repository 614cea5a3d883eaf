"""Writes what makes a warehouse load exactly the results that manifests name. Text alone: it talks to no warehouse."""
