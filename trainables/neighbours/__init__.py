"""Nearest neighbours and clusters of embeddings."""
