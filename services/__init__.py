"""The five services; none imports another (an import contract holds it)."""
