"""Holds the pages to what there is: links and anchors lead somewhere, and each command that they show is one."""
