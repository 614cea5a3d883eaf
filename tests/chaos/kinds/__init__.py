"""Has all kinds of faults, a file for each whom they strike."""
