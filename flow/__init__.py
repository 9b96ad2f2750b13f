"""What joins golden, hw and sim for a person: commands, jobs and reports."""
