"""What a machine or a cluster lacks."""
