"""How fast it is, and that it stays right under load: `make bench`, read in docs/performance.md."""
